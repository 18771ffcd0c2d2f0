import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from '../../../../shared/logging/logger.js';
import type { Fault } from '../../faults/fault.js';
import { createFaultLog } from '../../faults/fault-log.js';
import { flatHeaders } from '../../http/flat-headers.js';
import { createMessageQueue, type LiveCount } from '../message-queue.js';
import { isJson } from '../../http/response-headers.js';
import type { SubscribeRequest, UpstreamMessage, UpstreamSubscription } from '../../subgraph-data-source.js';
import { toSubscribePayload } from '../subscription-wire.js';
import { readWireResult, unavailable } from '../../wire.js';
import { createEventStreamTransport, type OpenStream } from './event-stream-transport.js';
import { MessageTooLarge } from './line-reader.js';
import { createMultipartReader } from './multipart.js';
import { createServerSentEventsReader } from './server-sent-events.js';
import type { StreamReader, StreamReaderOptions } from './stream-reader.js';

export type EventStreamProtocol = 'sse' | 'multipart';

export interface EventStreamOptions {
  readonly protocol: EventStreamProtocol;
  /** http or https. */
  readonly url: string;
  /** With a fixed value, for every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Until a subgraph has begun to answer, in ms. */
  readonly timeoutMs: number;
  /** Of one event. */
  readonly maxMessageBytes: number;
  readonly logger: Logger;
  /** Of subscriptions that have begun and not ended. */
  readonly count?: LiveCount | undefined;
}

/** Subscriptions of one subgraph, each the answer to an HTTP request of its own. */
export interface EventStreamSubscriptions {
  subscribe(request: SubscribeRequest): UpstreamSubscription;
  /** What is open ends as lost. */
  close(): Promise<void>;
}

/** Events waiting while the one before them is being completed. */
const capacity = 32;
/** Of an answer that is no stream: what it says is told, if it is short. */
const maxRefusalBytes = 64 * 1024;
const abnormal = 1006;

const accepted: Readonly<Record<EventStreamProtocol, string>> = {
  sse: 'text/event-stream',
  multipart: 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0", application/json',
};

export function createEventStreamSubscriptions(options: EventStreamOptions): EventStreamSubscriptions {
  const { protocol, timeoutMs, maxMessageBytes, logger } = options;
  const transport = createEventStreamTransport(options.url, Math.min(timeoutMs, 3_000));
  const faults = createFaultLog(logger);
  const staticHeaders = [...Object.entries(options.headers).flat(), 'content-type', 'application/json', 'accept', accepted[protocol]];

  function subscribe(request: SubscribeRequest): UpstreamSubscription {
    let reader: StreamReader | undefined;
    let refusal: Refusal | undefined;
    let isPaused = false;
    const queue = createMessageQueue(
      {
        onTaken() {
          if (!isPaused || queue.size() > capacity / 2) return;
          isPaused = false;
          stream.resume();
        },
      },
      options.count,
    );

    function fail(fault: Fault): void {
      if (queue.hasEnded()) return;
      faults.note(fault, request.headers['x-request-id']);
      // Once it runs, clients have to come back; before that they are told that it did not begin.
      queue.end(reader === undefined ? { kind: 'error', errors: [unavailable] } : { kind: 'lost', code: abnormal });
    }

    function receive(message: UpstreamMessage): void {
      if (message.kind !== 'event') {
        queue.end(message);
        stream.abort();
        return;
      }
      queue.push(message);
      // While it is full the connection is not read, and TCP holds the subgraph back.
      if (queue.size() < capacity || isPaused) return;
      isPaused = true;
      stream.pause();
    }

    function read(step: () => void): void {
      try {
        step();
      } catch (error) {
        fail(
          error instanceof MessageTooLarge
            ? { kind: 'too-large', detail: String(maxMessageBytes) }
            : { kind: 'no-graphql', detail: protocol },
        );
        stream.abort();
      }
    }

    const stream: OpenStream = transport.open({
      headers: flatHeaders(staticHeaders, request.headers),
      body: JSON.stringify(toSubscribePayload(request)),
      timeoutMs,
      onAnswer({ status, headers }) {
        reader = status === 200 ? readerOf(protocol, headers, { maxMessageBytes, onMessage: receive }) : undefined;
        if (reader === undefined) refusal = { status, headers, chunks: [], bytes: 0 };
      },
      onData(chunk) {
        if (refusal === undefined) {
          read(() => reader?.push(chunk));
          return;
        }
        refusal.bytes += chunk.length;
        refusal.chunks.push(chunk);
        if (refusal.bytes <= maxRefusalBytes) return;
        fail({ kind: 'too-large', detail: String(maxRefusalBytes) });
        stream.abort();
      },
      onEnd() {
        if (refusal !== undefined) {
          endRefused(refusal);
          return;
        }
        read(() => reader?.finish());
        fail({ kind: 'lost', detail: 'without a last word' });
      },
      onFault: fail,
    });

    /** An answer that is no stream: an ordinary response, or a fault. */
    function endRefused({ status, headers, chunks }: Refusal): void {
      const result = isJson(headers['content-type']) ? readWireResult(parseJson(Buffer.concat(chunks))) : undefined;
      if (result === undefined) {
        fail({ kind: 'status', detail: String(status) });
        return;
      }
      const { data, errors = [] } = result;
      if (data !== null) queue.push({ kind: 'event', data, errors });
      queue.end(data === null && errors.length > 0 ? { kind: 'error', errors } : { kind: 'complete' });
    }

    return {
      next: (answer) => queue.next(answer),
      // How the client left cannot be told: that the connection is closed is all.
      leave() {
        if (queue.hasEnded()) return;
        queue.abandon();
        stream.abort();
      },
    };
  }

  return {
    subscribe,
    async close() {
      await transport.close();
      faults.close();
    },
  };
}

interface Refusal {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly chunks: Buffer[];
  bytes: number;
}

/** Undefined for an answer of another type. */
function readerOf(protocol: EventStreamProtocol, headers: IncomingHttpHeaders, options: StreamReaderOptions): StreamReader | undefined {
  const contentType = headers['content-type'] ?? '';
  switch (protocol) {
    case 'sse':
      return /^text\/event-stream\s*(;|$)/i.test(contentType) ? createServerSentEventsReader(options) : undefined;
    case 'multipart': {
      if (!/^multipart\/mixed\s*(;|$)/i.test(contentType)) return undefined;
      const [, quoted, bare] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? [];
      // The one that its protocols fall back to.
      return createMultipartReader(quoted ?? bare ?? '-', options);
    }
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
