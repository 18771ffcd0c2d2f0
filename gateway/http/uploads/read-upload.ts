import type { IncomingMessage } from 'node:http';
import { AppError } from '../../../shared/errors/app-error.js';
import { MultipartError, multipartBoundary, readMultipart, type FormPart } from '../../../shared/http/multipart.js';
import { readBodyPayload } from '../read-payload.js';
import { refuseRequest, type RequestRefusal } from '../request-refusal.js';
import type { OperationPayload } from '../../operations/accept-operation.js';
import { placeFiles } from './file-map.js';
import { createRequestChunks } from './request-chunks.js';
import { createUpload, type Upload } from './upload.js';
import type { UploadLimits } from './upload-limits.js';
import type { UploadSlots } from './upload-slots.js';
import type { UploadedFile } from './uploaded-file.js';

export type ReadUpload = { readonly kind: 'upload'; readonly payload: OperationPayload; readonly upload: Upload } | RequestRefusal;

export interface ReadUploadOptions {
  readonly limits: UploadLimits;
  readonly slots: UploadSlots;
  /** Of `operations`. */
  readonly maxOperationBytes: number;
}

/** Of the list of places of files. */
const maxMapBytes = 64 * 1024;

/**
 * The operation of a request by the GraphQL multipart request specification: reads its first two fields, `operations` and `map`, and leaves the
 * files for whoever wants them. Undefined when the client has left.
 */
export async function readUpload(request: IncomingMessage, options: ReadUploadOptions): Promise<ReadUpload | undefined> {
  const { limits, slots } = options;
  const boundary = multipartBoundary(request.headers['content-type']);
  if (boundary === null) return refuseRequest(400, 'The content type of the form has no boundary that can be read.');
  if (Number(request.headers['content-length'] ?? 0) > limits.maxBytes)
    return refuseRequest(413, `The form has more than ${limits.maxBytes} bytes.`);
  const chunks = createRequestChunks(request, limits);
  // One more than the limit, so that it is this limit that is told of.
  const parts = readMultipart(chunks, boundary, { maxParts: limits.maxFiles + 3 });
  const read = await readFirstParts(parts, options);
  if (read.kind === 'refused') {
    chunks.stop();
    return request.destroyed && !request.complete ? undefined : read;
  }
  const { payload, files } = read;
  return { kind: 'upload', payload, upload: createUpload({ parts, stop: () => chunks.stop(), files, limits, slots }) };
}

interface FirstParts {
  readonly kind: 'read';
  readonly payload: OperationPayload;
  readonly files: ReadonlyMap<string, UploadedFile>;
}

async function readFirstParts(
  parts: AsyncGenerator<FormPart, void, undefined>,
  { limits, maxOperationBytes }: ReadUploadOptions,
): Promise<FirstParts | RequestRefusal> {
  try {
    const operations = await readField(parts, 'operations', maxOperationBytes);
    const map = await readField(parts, 'map', maxMapBytes);
    const read = readBodyPayload(operations, 'The field "operations"');
    if (read.kind === 'refused') return read;
    const placed = placeFiles(map.toString('utf8'), read.payload.variables, limits.maxFiles);
    return placed.kind === 'refused' ? placed : { kind: 'read', payload: read.payload, files: placed.files };
  } catch (error) {
    if (error instanceof FieldTooLong) return refuseRequest(413, error.message);
    if (error instanceof MultipartError || error instanceof AppError) return refuseRequest(400, error.message);
    throw error;
  }
}

class FieldTooLong extends Error {}

async function readField(parts: AsyncGenerator<FormPart, void, undefined>, name: string, maxBytes: number): Promise<Buffer> {
  const { value: part } = await parts.next();
  if (part?.name !== name || part.isFile) {
    throw new MultipartError('The form must begin with the fields "operations" and "map", in this order, before any file.');
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of part.body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new FieldTooLong(`The field "${name}" has more than ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}
