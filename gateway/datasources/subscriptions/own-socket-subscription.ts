import { MessageType } from 'graphql-ws';
import type { Leave } from '../../../shared/graphql/subgraph.js';
import type { Logger } from '../../../shared/logging/logger.js';
import { createMessageQueue, type LiveCount } from './message-queue.js';
import type { SubscribeRequest, UpstreamSubscription } from '../subgraph-data-source.js';
import { createUpstreamSocket, type OperationMessage, type UpstreamSocketOptions } from './upstream-socket.js';
import { readWireEvent, toSubscribePayload } from './subscription-wire.js';
import { readWireError, unavailable } from '../wire.js';

/** How to reach a subgraph, and its bounds. */
export type UpstreamOptions = Pick<UpstreamSocketOptions, 'url' | 'upgradeHeaders' | 'timeoutMs' | 'maxMessageBytes'> & {
  readonly logger: Logger;
  /** Of subscriptions that have begun and not ended. */
  readonly count?: LiveCount | undefined;
};

const id = '1';
/** Events waiting while the one before them is being completed; enough to cover a round trip, few enough to forget about memory. */
const capacity = 32;

/**
 * A subscription on a socket of its own, for subgraphs that share none: `connection_init` says whose it is, and the close code of the
 * socket how the client left.
 */
export function createOwnSocketSubscription(request: SubscribeRequest, options: UpstreamOptions): UpstreamSubscription {
  const { traceparent, 'x-request-id': requestId } = request.headers;
  const logger = options.logger.child({ requestId });
  let isAcknowledged = false;
  let isPaused = false;
  const queue = createMessageQueue(
    {
      onTaken() {
        if (!isPaused || queue.size() > capacity / 2) return;
        isPaused = false;
        socket.resume();
      },
    },
    options.count,
  );

  function receive(message: OperationMessage): void {
    switch (message.type) {
      case MessageType.Next:
        queue.push(readWireEvent(message.payload));
        // While it is full the socket is not read, and TCP holds the subgraph back.
        if (queue.size() < capacity || isPaused) return;
        isPaused = true;
        socket.pause();
        return;
      case MessageType.Error:
        queue.end({ kind: 'error', errors: message.payload.map(readWireError) });
        void socket.close(1000);
        return;
      case MessageType.Complete:
        queue.end({ kind: 'complete' });
        void socket.close(1000);
        return;
    }
  }

  const socket = createUpstreamSocket({
    ...options,
    // Also where a subgraph's tools look for it, which know nothing of `connection_init`.
    upgradeHeaders: traceparent === undefined ? options.upgradeHeaders : { ...options.upgradeHeaders, traceparent },
    init: { ...request.headers },
    onAcknowledged() {
      isAcknowledged = true;
      socket.send({ id, type: MessageType.Subscribe, payload: toSubscribePayload(request) });
    },
    onMessage: receive,
    onLost({ code, error }) {
      if (error === undefined) logger.warn({ code }, 'the subgraph closed the subscription');
      else logger.error({ err: error }, 'the subscription of the subgraph failed');
      queue.end(isAcknowledged ? { kind: 'lost', code } : { kind: 'error', errors: [unavailable] });
    },
  });

  return {
    next: (receive) => queue.next(receive),
    leave(leave) {
      if (queue.hasEnded()) return;
      queue.abandon();
      if (leave.code === 0) {
        socket.send({ id, type: MessageType.Complete });
        void socket.close(1000);
      } else void socket.close(sendableCode(leave));
    },
  };
}

/** The close code for the subgraph's socket. Codes that only report a loss cannot be sent: they become 1001. */
function sendableCode({ code }: Leave): number {
  const canBeSent = (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
  return canBeSent ? code : 1001;
}
