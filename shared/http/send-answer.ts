import type { ServerResponse } from 'node:http';
import type { Logger } from '../logging/logger.js';
import { securityHeaders } from './server.js';

/** What goes back for a GraphQL request. */
export interface Answer {
  readonly status: number;
  /** JSON. */
  readonly body: string;
  /** Beyond those of every answer: names and values in turn. */
  readonly headers: readonly string[];
}

export interface SendOptions {
  readonly contentType: string;
  readonly requestId: string;
}

const always: readonly string[] = Object.entries(securityHeaders).flat();

/** Sends an answer past Fastify, with the headers that every answer of the product has. */
export function sendAnswer(response: ServerResponse, { status, body, headers }: Answer, { contentType, requestId }: SendOptions): void {
  // One flat list: node takes it as it is, and neither looks for names nor copies them. And one write, because the body is a string.
  response.writeHead(status, [
    'content-type',
    contentType,
    'content-length',
    String(Buffer.byteLength(body)),
    'x-request-id',
    requestId,
    ...always,
    ...headers,
  ]);
  response.end(body);
}

/** That the client has the answer already: nothing but headers, names and values in turn. */
export function sendNotModified(response: ServerResponse, headers: readonly string[], requestId: string): void {
  response.writeHead(304, ['x-request-id', requestId, ...always, ...headers]);
  response.end();
}

/** Past Fastify nobody else notices when `serving` rejects: there is nothing more to say then. */
export function hangUpOnFailure(serving: Promise<void>, response: ServerResponse, logger: Logger): void {
  serving.catch((error: unknown) => {
    logger.error({ err: error }, 'an answer could not be written');
    response.destroy();
  });
}
