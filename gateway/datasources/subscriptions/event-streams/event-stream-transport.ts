import type { IncomingHttpHeaders } from 'node:http';
import { Pool } from 'undici';
import { toFault } from '../../http/http-transport.js';
import type { Fault } from '../../faults/fault.js';

export interface EventStreamRequest {
  /** Names and values by turns. */
  readonly headers: string[];
  readonly body: string;
  /** Until the headers of the answer are there, in ms. */
  readonly timeoutMs: number;
  readonly onAnswer: (answer: { readonly status: number; readonly headers: IncomingHttpHeaders }) => void;
  readonly onData: (chunk: Buffer) => void;
  readonly onEnd: () => void;
  /** Instead of `onEnd`. */
  readonly onFault: (fault: Fault) => void;
}

/** An answer that goes on and on. */
export interface OpenStream {
  /** Stops reading, so that TCP holds the subgraph back. */
  pause(): void;
  resume(): void;
  /** Closes the connection; nothing is told any more. */
  abort(): void;
}

export interface EventStreamTransport {
  open(request: EventStreamRequest): OpenStream;
  /** Streams that are open are aborted. */
  close(): Promise<void>;
}

/**
 * Requests to one subgraph whose answers last, each on a connection of its own: apart from the ones of other requests, which must never wait
 * for a subscription to end.
 */
export function createEventStreamTransport(url: string, connectTimeoutMs: number): EventStreamTransport {
  const { origin, pathname, search } = new URL(url);
  const pool = new Pool(origin, {
    connections: null,
    pipelining: 1,
    keepAliveTimeout: 4_000,
    headersTimeout: 0,
    // Quiet for as long as nothing happens. A subgraph that is gone is noticed by TCP, which asks after this time.
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs, keepAliveInitialDelay: 15_000 },
  });

  return {
    open({ headers, body, timeoutMs, ...on }) {
      let isOver = false;
      let wasSent = false;
      let controller: { pause(): void; resume(): void; abort(reason: Error): void } | undefined;
      const timer = setTimeout(() => {
        end(() => on.onFault({ kind: 'timeout', detail: `within ${timeoutMs} ms` }));
        controller?.abort(givenUp);
      }, timeoutMs);

      function end(tell: () => void): void {
        clearTimeout(timer);
        if (isOver) return;
        isOver = true;
        tell();
      }

      pool.dispatch(
        { path: pathname + search, method: 'POST', headers, body },
        {
          onRequestStart(given) {
            controller = given;
            if (isOver) given.abort(givenUp);
            else wasSent = true;
          },
          onResponseStart(_controller, status, answerHeaders) {
            if (status < 200 || isOver) return;
            clearTimeout(timer);
            on.onAnswer({ status, headers: answerHeaders });
          },
          onResponseData(_controller, chunk) {
            if (!isOver) on.onData(chunk);
          },
          onResponseEnd: () => end(on.onEnd),
          onResponseError: (_controller, error) => end(() => on.onFault(toFault(error, wasSent))),
        },
      );

      return {
        pause: () => controller?.pause(),
        resume: () => controller?.resume(),
        abort() {
          end(() => undefined);
          controller?.abort(givenUp);
        },
      };
    },
    close: () => pool.destroy(),
  };
}

const givenUp = new Error('Nobody waits for the answer any more');
