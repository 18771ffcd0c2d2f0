import type { ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import { AppError } from '../../shared/errors/app-error.js';
import { maskError } from '../../shared/errors/error-masking.js';
import type { StreamType } from '../../shared/http/media-types.js';
import type { Logger } from '../../shared/logging/logger.js';
import type { Identity } from '../authentication/authenticate.js';
import { acceptAgain, type AcceptedOperation } from '../operations/accept-operation.js';
import type { OperationPolicy } from '../policy/operation-policy.js';
import type { OnOperation } from '../telemetry/operation-report.js';
import { addTraceparent, type OperationTrace } from '../telemetry/operation-tracing.js';
import { createClientStream, type ClientStream } from './client-stream.js';
import { countClose, tooManyOperations, type LiveClients } from './live-clients.js';
import { runOperation } from './operations.js';
import { streamFormats } from './stream-formats.js';

export interface StreamDoorOptions {
  readonly live: LiveClients;
  readonly policy: OperationPolicy;
  readonly onOperation?: OnOperation | undefined;
  readonly logger: Logger;
}

export interface StreamRequest {
  readonly response: ServerResponse;
  readonly type: StreamType;
  readonly accepted: AcceptedOperation;
  readonly identity: Identity;
  readonly requestId: string;
  /** Of the answer, names and values by turns. */
  readonly headers: readonly string[];
  /** By `performance.now()`. */
  readonly startedAt: number;
  /** Ended here, unless it is refused. */
  readonly trace: OperationTrace;
}

/** Operations whose results follow each other in the answer to one HTTP request. */
export interface StreamDoor {
  /** Answers with a stream; returns why not when there is no room for one. */
  open(request: StreamRequest): AppError | undefined;
}

/** For proxies: nginx would keep back what is small, and others would change it. */
const untouched = ['x-accel-buffering', 'no'];

/** Subscriptions over SSE and multipart HTTP. The same runner, limits and watch over identities as on sockets. */
export function createStreamDoor({ live, policy, onOperation, logger }: StreamDoorOptions): StreamDoor {
  const { limits, connections, streams, watch } = live;

  function open({ response, type, accepted, identity, requestId, headers, startedAt, trace }: StreamRequest): AppError | undefined {
    // The client has left while its operation was looked at.
    if (response.destroyed) {
      trace.end({ errors: [], hasLeft: true });
      return undefined;
    }
    const mask = (error: unknown) => maskError(error, { logger, requestId });
    const maskAll = (errors: readonly unknown[]) => errors.map(mask);
    if (connections.open >= limits.maxSockets) return new AppError('UNAVAILABLE', 'Too many clients are connected. Try again in a moment.');
    if (live.operations.running >= limits.maxOperations) return tooManyOperations();
    let results: AsyncIterableIterator<ExecutionResult, undefined> | undefined = undefined;
    const stream = createClientStream({
      response,
      format: streamFormats[type],
      limits,
      heartbeat: live.heartbeat,
      errorsOf: (code, reason) => JSON.stringify([mask(whyClosed(code, reason))]),
      onEnd(code) {
        if (results === undefined) return;
        countClose(live, code);
        watch.remove(stream);
        // Leaves upstream at once; never rejects.
        void results.return?.();
      },
    });
    if (identity.viewer !== null && !watch.add(stream, identity.viewer)) {
      return new AppError('RATE_LIMITED', `At most ${limits.maxSocketsPerUser} connections of one user may be open.`);
    }
    let current = accepted;
    results = runOperation(accepted, {
      send: (prepared) => stream.sendPrepared(prepared),
      connection: stream,
      live,
      viewer: identity.viewer,
      policy,
      // Apollo's protocol of streams over multipart is one of events; for parts it has another one.
      takesParts: type === 'text/event-stream',
      mask: maskAll,
      subgraphHeaders: addTraceparent(identity.subgraphHeaders, trace.traceparent),
      onSubscribed: () => trace.subscribed(),
      onEnd(errors) {
        live.operations.running -= 1;
        const { operation } = current;
        const ended = { errors: errors ?? [], hasLeft: errors === undefined };
        trace.end(ended);
        onOperation?.({ ...ended, door: doors[type], requestId, operation, ms: performance.now() - startedAt });
      },
      async acceptAgain(operation, generation) {
        const acceptance = await acceptAgain(operation, generation, { policy, identity });
        if (acceptance.kind === 'refused') return undefined;
        current = acceptance.operation;
        return current;
      },
    });
    live.operations.running += 1;
    connections.open += 1;
    streams.add(stream);
    void stream.gone.then(() => {
      connections.open -= 1;
      streams.delete(stream);
    });
    stream.begin([...headers, ...untouched]);
    void write(stream, results, (errors) => JSON.stringify(maskAll(errors)));
    return undefined;
  }

  async function write(
    stream: ClientStream,
    results: AsyncIterable<ExecutionResult>,
    masked: (errors: readonly unknown[]) => string,
  ): Promise<void> {
    try {
      for await (const { data, errors = [] } of results) {
        live.delivered.results += 1;
        stream.send(`{"errors":${masked(errors)},"data":${JSON.stringify(data ?? null)}}`);
      }
      stream.complete();
    } catch (error) {
      logger.error({ err: error }, 'a stream cannot be written');
      stream.close(1011, 'Something went wrong on our side');
    }
  }

  return { open };
}

const doors = { 'text/event-stream': 'sse', 'multipart/mixed': 'multipart' } as const satisfies Record<StreamType, string>;

/** The last error of a stream, for the close code of a socket. */
function whyClosed(code: number, reason: string): AppError {
  return code === 4403
    ? new AppError('UNAUTHENTICATED', `${reason}: connect again with a new token.`)
    : new AppError('UNAVAILABLE', `${reason.replace(/, connect again$/, '')}: connect again.`);
}
