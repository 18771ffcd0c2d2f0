import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { Pool } from 'undici';
import type { CallerSignal } from '../caller-signal.js';
import type { Fault } from '../faults/fault.js';

/** How one attempt to ask a subgraph over HTTP ended. */
export type Exchange =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: Buffer;
    }
  | {
      readonly kind: 'failed';
      readonly fault: Fault;
      /** Whether the subgraph may have got any of it. */
      readonly wasSent: boolean;
      /** Whether any of an answer came. */
      readonly wasAnswered: boolean;
    }
  /** Nobody waits for it any more. */
  | { readonly kind: 'aborted' };

export interface HttpTransport {
  /** Never rejects. */
  send(request: HttpRequest): Promise<Exchange>;
  /** Gives up what waits for a connection, as overloaded: it is known by now that waiting is in vain. */
  dropWaiting(): void;
  close(): Promise<void>;
}

export interface HttpRequest {
  /** Names and values by turns. */
  readonly headers: string[];
  /** A stream is read no faster than the subgraph does. */
  readonly body: string | Readable;
  readonly signal: CallerSignal;
  /** For everything, in ms. */
  readonly timeoutMs: number;
  /** What it is when that is over. */
  readonly timeout: Fault;
}

export interface HttpTransportOptions {
  readonly url: string;
  /** Requests under way at once; one for each connection. */
  readonly maxConnections: number;
  /** Requests that wait for a connection. */
  readonly maxWaiting: number;
  readonly maxResponseBytes: number;
  /** For TCP and TLS, in ms. */
  readonly connectTimeoutMs: number;
}

/**
 * HTTP/1.1 over undici's `dispatch`, below its promises, streams and abort signals, which are half of the cost of a small request. One
 * request on a connection at a time: pipelining and HTTP/2 were measured and lost (ADR 0023).
 */
export function createHttpTransport(options: HttpTransportOptions): HttpTransport {
  const { origin, pathname, search } = new URL(options.url);
  const path = pathname + search;
  const { maxConnections, maxWaiting, maxResponseBytes } = options;
  const pool = new Pool(origin, {
    connections: maxConnections,
    pipelining: 1,
    // Less than most servers' own, which would close a connection while a request is on its way.
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 60_000,
    connectTimeout: options.connectTimeoutMs,
    // The timer of each request covers them.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  let underWay = 0;
  /** Here and not in the pool, which would send also what nobody waits for any more. */
  const waiting = new Set<Waiting>();

  function release(): void {
    underWay -= 1;
    for (const next of waiting) {
      waiting.delete(next);
      next.start();
      return;
    }
  }

  function send({ headers, body, signal, timeoutMs, timeout }: HttpRequest): Promise<Exchange> {
    return new Promise((resolve) => {
      let isOver = false;
      let wasSent = false;
      let status = 0;
      let answerHeaders: IncomingHttpHeaders = {};
      let first: Buffer | undefined;
      let rest: Buffer[] | undefined;
      let bytes = 0;
      let abortRequest: (() => void) | undefined;

      function finish(exchange: Exchange): void {
        if (isOver) return;
        isOver = true;
        clearTimeout(timer);
        signal.removeEventListener('abort', onLeave);
        waiting.delete(self);
        resolve(exchange);
      }
      function fail(fault: Fault): void {
        finish({ kind: 'failed', fault, wasSent, wasAnswered: status > 0 });
      }
      function giveUp(exchange: () => void): void {
        exchange();
        abortRequest?.();
      }
      const onLeave = (): void => giveUp(() => finish({ kind: 'aborted' }));
      const timer = setTimeout(() => giveUp(() => fail(timeout)), timeoutMs);
      signal.addEventListener('abort', onLeave);

      function start(): void {
        underWay += 1;
        pool.dispatch(
          { path, method: 'POST', headers, body },
          {
            onRequestStart(controller) {
              abortRequest = () => controller.abort(givenUp);
              // It was given up while its connection was being made.
              if (isOver) abortRequest();
              else wasSent = true;
            },
            onResponseStart(_controller, statusCode, headersOfAnswer) {
              if (statusCode < 200) return;
              status = statusCode;
              answerHeaders = headersOfAnswer;
            },
            onResponseData(_controller, chunk) {
              bytes += chunk.length;
              if (bytes > maxResponseBytes) giveUp(() => fail({ kind: 'too-large', detail: String(maxResponseBytes) }));
              else if (first === undefined) first = chunk;
              else (rest ??= [first]).push(chunk);
            },
            onResponseEnd() {
              finish({
                kind: 'answered',
                status,
                headers: answerHeaders,
                body: rest === undefined ? (first ?? empty) : Buffer.concat(rest),
              });
              release();
            },
            onResponseError(_controller, error) {
              fail(toFault(error, wasSent));
              release();
            },
          },
        );
      }
      const self: Waiting = { start, drop: () => fail({ kind: 'overloaded', detail: String(maxWaiting) }) };

      if (underWay < maxConnections) start();
      else if (waiting.size < maxWaiting) waiting.add(self);
      else self.drop();
    });
  }

  return {
    send,
    dropWaiting() {
      for (const each of [...waiting]) each.drop();
    },
    async close() {
      for (const each of [...waiting]) each.drop();
      await pool.destroy();
    },
  };
}

interface Waiting {
  start(): void;
  drop(): void;
}

const empty = Buffer.alloc(0);
/** One for all: nobody reads where it was made. */
const givenUp = new Error('Nobody waits for the answer any more');

/** What undici says when it did not work out. */
export function toFault(error: Error, wasSent: boolean): Fault {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  if (code === 'UND_ERR_INVALID_ARG') return { kind: 'invalid', detail: code };
  if (error.name === 'HTTPParserError') return { kind: 'no-graphql', detail: code };
  return { kind: wasSent ? 'lost' : 'connect', detail: code };
}
