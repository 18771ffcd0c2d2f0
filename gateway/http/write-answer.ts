import type { ServerResponse } from 'node:http';
import type { GraphQLFormattedError } from 'graphql';
import type { ResponseType } from './media-types.js';

/** What goes back for a request. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Beyond those of every answer: names and values in turn. */
  readonly headers: readonly string[];
}

/** `data` is JSON text; errors are masked, and come first, where people look for them. */
export function writeResult(data: string | undefined, errors: readonly GraphQLFormattedError[]): string {
  if (errors.length === 0) return `{"data":${data ?? 'null'}}`;
  return data === undefined ? `{"errors":${JSON.stringify(errors)}}` : `{"errors":${JSON.stringify(errors)},"data":${data}}`;
}

/** `fixed` are headers that every answer of the door has, as names and values in turn. */
export function sendAnswer(
  response: ServerResponse,
  { status, body, headers }: Answer,
  { type, requestId, fixed }: { readonly type: ResponseType; readonly requestId: string; readonly fixed: readonly string[] },
): void {
  // One flat list: node takes it as it is, and neither looks for names nor copies them. And one write, because the body is a string.
  response.writeHead(status, [
    'content-type',
    `${type}; charset=utf-8`,
    'content-length',
    String(Buffer.byteLength(body)),
    'x-request-id',
    requestId,
    ...fixed,
    ...headers,
  ]);
  response.end(body);
}
