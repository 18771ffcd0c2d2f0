import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parse, subscribe } from 'graphql';
import { maskError } from '../../../shared/errors/error-masking.js';
import { createLogger } from '../../../shared/logging/logger.js';
import type { Subgraph } from '../../../shared/graphql/subgraph.js';

export interface StreamingSubgraph {
  readonly url: string;
  /** Requests of the gateway, oldest first. */
  readonly requests: { readonly headers: IncomingMessage['headers']; readonly body: string }[];
  /** Streams that are open. */
  readonly open: Set<ServerResponse>;
  close(): Promise<void>;
}

const logger = createLogger({ name: 'test', level: 'silent' });

/** Answers a request in place of the subgraph. */
export type Answer = (response: ServerResponse) => void;

/**
 * A subgraph whose subscriptions come over SSE or multipart HTTP, as somebody else's would write them: with names and boundaries of its own,
 * heartbeats, and a first answer that may be anything.
 */
export async function startStreamingSubgraph(
  subgraph: Subgraph,
  protocol: 'sse' | 'multipart',
  answer?: Answer,
): Promise<StreamingSubgraph> {
  const requests: StreamingSubgraph['requests'] = [];
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      requests.push({ headers: request.headers, body });
      if (answer === undefined) void run(request, response, body);
      else answer(response);
    });
    open.add(response);
    response.on('close', () => open.delete(response));
  });

  async function run(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    const { query, variables, operationName } = JSON.parse(body) as {
      query: string;
      variables: Record<string, unknown>;
      operationName: string | null;
    };
    const mask = (error: unknown) => maskError(error, { logger, requestId: 'r' });
    const controller = new AbortController();
    try {
      const contextValue = await subgraph.createContext(request.headers, { id: '1', signal: controller.signal });
      const result = await subscribe({
        schema: subgraph.schema,
        document: parse(query),
        variableValues: variables,
        operationName,
        contextValue,
      });
      if (!(Symbol.asyncIterator in result)) throw result.errors?.[0] ?? new Error('nothing');
      response.on('close', () => {
        controller.abort({ code: 1006 });
        void result.return();
      });
      response.writeHead(200, {
        'content-type': protocol === 'sse' ? 'text/event-stream' : 'multipart/mixed; boundary="a b"; subscriptionSpec=1.0',
      });
      response.write(protocol === 'sse' ? ': hello\n\n' : 'preamble\r\n--a b\r\ncontent-type: application/json\r\n\r\n{}\r\n');
      for await (const { data, errors } of result) {
        const text = JSON.stringify({ data, ...(errors === undefined ? {} : { errors: errors.map(mask) }) });
        const bytes =
          protocol === 'sse' ? `event: next\ndata: ${text}\n\n` : `--a b\r\ncontent-type: application/json\r\n\r\n{"payload":${text}}\r\n`;
        // Also called when the gateway has gone.
        await new Promise<void>((resolve) => response.write(bytes, () => resolve()));
        if (response.destroyed) return;
      }
      response.end(protocol === 'sse' ? 'event: complete\n\n' : '--a b--');
    } catch (error) {
      if (response.headersSent) response.destroy();
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ errors: [mask(error)] }));
    }
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}/graphql`,
    requests,
    open,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
