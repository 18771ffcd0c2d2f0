import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isJson, mediaTypeOf } from '../../shared/http/media-types.js';
import type { PageOrigins } from '../../shared/http/origin.js';
import { readBody } from '../../shared/http/read-body.js';
import { readUpload, type ReadUpload, type ReadUploadOptions } from './uploads/read-upload.js';
import { isOwnEventSource, isPreflighted, preflightHeaders } from './cross-site.js';
import { readBodyPayload, readUrlPayload, type ReadPayload } from './read-payload.js';
import { refuseRequest, type RequestRefusal } from './request-refusal.js';

type UploadDoor = Pick<ReadUploadOptions, 'limits' | 'slots'>;

export interface ReadRequestOptions {
  readonly origins: PageOrigins;
  readonly maxBodyBytes: number;
  /** Undefined when nobody takes files. */
  readonly uploads: () => UploadDoor | undefined;
}

/** Undefined when the client has left. What is refused is read no further than it had to be. */
export async function readRequest(
  request: IncomingMessage,
  { origins, maxBodyBytes, uploads }: ReadRequestOptions,
): Promise<ReadPayload | ReadUpload | undefined> {
  const { method, headers, url = '' } = request;
  if (method === 'GET') {
    if (!isPreflighted(headers) && !isOwnEventSource(headers, origins)) return crossSite;
    const at = url.indexOf('?');
    return readUrlPayload(at === -1 ? '' : url.slice(at));
  }
  if (method !== 'POST') return wrongMethod;
  const forms = isJson(headers['content-type']) ? undefined : readForms(headers, uploads);
  if (forms?.kind === 'refused') return forms;
  const encoding = headers['content-encoding'];
  // It could unfold to any size past the body limit, and no GraphQL client sends one.
  if (encoding !== undefined && encoding !== 'identity') return compressed;
  if (forms !== undefined) return readUpload(request, { ...forms.door, maxOperationBytes: maxBodyBytes });
  const read = await readBody(request, maxBodyBytes);
  switch (read.kind) {
    case 'body':
      return readBodyPayload(read.body);
    case 'too large':
      return refuseRequest(413, `The body is larger than ${maxBodyBytes} bytes.`);
    case 'gone':
      return undefined;
  }
}

function readForms(
  headers: IncomingHttpHeaders,
  uploads: ReadRequestOptions['uploads'],
): { readonly kind: 'form'; readonly door: UploadDoor } | RequestRefusal {
  const door = mediaTypeOf(headers['content-type']) === 'multipart/form-data' ? uploads() : undefined;
  if (door === undefined) return wrongType;
  // A form is what any page may send to any site.
  return isPreflighted(headers) ? { kind: 'form', door } : crossSiteForm;
}

const wrongMethod = refuseRequest(405, 'Send operations by POST, or queries by GET.', ['allow', 'GET, POST']);
const wrongType = refuseRequest(415, 'Send the body as "application/json", in UTF-8.');
const compressed = refuseRequest(400, 'Send the body without compression.');
const crossSite = refuseRequest(
  400,
  `A page of another site could have sent this. Send it by POST as "application/json", or with the header "${preflightHeaders[0]}: true".`,
);
const crossSiteForm = refuseRequest(
  400,
  `A page of another site could have sent this form. Send it with the header "${preflightHeaders[0]}: true".`,
);
