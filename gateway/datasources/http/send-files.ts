import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { GraphQLFormattedError } from 'graphql';
import { AppError } from '../../../shared/errors/app-error.js';
import { createCallerSignal, type CallerSignal } from '../caller-signal.js';
import { timeoutFault, type Fault } from '../faults/fault.js';
import type { Exchange, HttpTransport } from './http-transport.js';
import type { RequestFiles } from './request-files.js';
import { writeForm } from './write-form.js';

export type FilesExchange =
  | Exchange
  /** The client is at fault, in words for it. */
  | { readonly kind: 'refused'; readonly error: GraphQLFormattedError };

export interface FilesRequest {
  /** Names and values by turns, without the content type. */
  readonly headers: readonly string[];
  /** JSON of the request, with nulls for the files. */
  readonly operations: string;
  readonly files: RequestFiles;
  readonly signal: CallerSignal;
  /** For the subgraph to take the next piece, and to answer after the last, in ms. How long clients take is watched where they are read. */
  readonly timeoutMs: number;
}

/** Above what any client may take: the server ends its request sooner. */
const longestMs = 3_600_000;

/** Sends a request with files as they come, no faster than the subgraph reads. Never rejects, and never asks twice. */
export async function sendFiles(transport: HttpTransport, request: FilesRequest): Promise<FilesExchange> {
  const { operations, files, signal, timeoutMs } = request;
  const boundary = randomUUID();
  const giveUp = createCallerSignal();
  const timeout = timeoutFault(timeoutMs, timeoutMs);
  let fault: Fault | undefined;
  let refused: GraphQLFormattedError | undefined;
  let timer: NodeJS.Timeout | undefined;
  const onLeave = (): void => giveUp.abort();
  function waitForSubgraph(): void {
    timer = setTimeout(() => {
      fault = timeout;
      giveUp.abort();
    }, timeoutMs);
  }

  async function* body(): AsyncGenerator<Buffer | string, void, undefined> {
    clearTimeout(timer);
    try {
      for await (const piece of writeForm(operations, files, boundary)) {
        waitForSubgraph();
        yield piece;
        clearTimeout(timer);
      }
    } catch (error) {
      if (error instanceof AppError) refused = { message: error.message, extensions: { code: error.code } };
      throw error;
    }
    waitForSubgraph();
  }

  waitForSubgraph();
  signal.addEventListener('abort', onLeave);
  const exchange = await transport.send({
    headers: [...request.headers, 'content-type', `multipart/form-data; boundary=${boundary}`],
    body: Readable.from(body()),
    signal: giveUp,
    timeoutMs: longestMs,
    timeout,
  });
  clearTimeout(timer);
  signal.removeEventListener('abort', onLeave);
  files.release();
  if (exchange.kind === 'answered') return exchange;
  if (fault !== undefined) return { kind: 'failed', fault, wasSent: true, wasAnswered: false };
  return refused === undefined ? exchange : { kind: 'refused', error: refused };
}
