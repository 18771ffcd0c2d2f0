import { MessageType } from 'graphql-ws';
import type { Leave } from '../../../shared/graphql/subgraph.js';
import {
  readSharedEvent,
  sharedSocketOffer,
  toExtensions,
  type OperationNumber,
  type SharedSocketNotice,
} from '../../../shared/graphql/subscriptions/shared-socket.js';
import { createMessageQueue, type LiveCount, type MessageQueue, type QueueOwner } from './message-queue.js';
import type { UpstreamOptions } from './own-socket-subscription.js';
import type { SubscribeRequest, UpstreamEvent, UpstreamMessage, UpstreamSubscription } from '../subgraph-data-source.js';
import { createUpstreamSocket, type OperationMessage, type UpstreamSocket, type UpstreamSocketOptions } from './upstream-socket.js';
import { readWireEvent, toSubscribePayload } from './subscription-wire.js';
import { readWireError } from '../wire.js';

/** Subscriptions of many callers on one socket. */
export interface SharedSocket {
  /** Under way. */
  size(): number;
  /** Only after `onAcknowledged`. */
  subscribe(request: SubscribeRequest): UpstreamSubscription;
  /** Ends what is under way as lost with `code`. */
  close(code: number): Promise<void>;
}

export type SharedSocketOptions = UpstreamOptions &
  Pick<UpstreamSocketOptions, 'onAcknowledged' | 'onLost'> & {
    /** The last operation has ended. */
    readonly onIdle: () => void;
  };

/**
 * Events that the subgraph may send before their reader has taken any. Few, because what the subgraph still has it can merge, and what is
 * queued here it cannot; and more than one, so that a reader does not wait a round trip for each.
 */
const window = 8;
/** The subgraph has sent what it was not allowed to. */
const overloaded = 1013;

/** What an operation needs of the socket that it is on. */
interface OperationHost {
  grant(id: string, credit: number): void;
  leave(id: string, code: number): void;
}

/** A class: there are tens of thousands of them, mostly quiet. */
class SharedOperation implements UpstreamSubscription, QueueOwner {
  readonly queue: MessageQueue;
  readonly #id: string;
  readonly #host: OperationHost;
  #taken = 0;

  constructor(id: string, host: OperationHost, count: LiveCount | undefined) {
    this.#id = id;
    this.#host = host;
    this.queue = createMessageQueue(this, count);
  }

  onTaken(): void {
    this.#taken += 1;
    if (this.#taken < window / 2) return;
    this.#host.grant(this.#id, this.#taken);
    this.#taken = 0;
  }

  next(receive: (message: UpstreamMessage) => void): void {
    this.queue.next(receive);
  }

  leave({ code }: Leave): void {
    if (this.queue.hasEnded()) return;
    this.queue.abandon();
    this.#host.leave(this.#id, code);
  }
}

export function createSharedSocket(options: SharedSocketOptions): SharedSocket {
  const operations = new Map<string, SharedOperation>();
  let lastId = 0;
  /** Credit to be told with the next notice. */
  const granted = new Map<string, number>();

  const socket: UpstreamSocket = createUpstreamSocket({
    ...options,
    init: sharedSocketOffer,
    onMessage: receive,
    onPong: receiveShared,
    onLost(end) {
      endAll(end.code);
      options.onLost(end);
    },
  });

  function endAll(code: number): void {
    for (const { queue } of operations.values()) queue.end({ kind: 'lost', code });
    operations.clear();
    granted.clear();
  }

  function remove(id: string): void {
    granted.delete(id);
    if (operations.delete(id) && operations.size === 0) options.onIdle();
  }

  function notify(notice: SharedSocketNotice): void {
    socket.send({ type: MessageType.Pong, payload: { ...notice } });
  }

  function grant(id: string, credit: number): void {
    // One notice for all that is taken in this turn of the event loop.
    if (granted.size === 0) setImmediate(tellCredits);
    granted.set(id, (granted.get(id) ?? 0) + credit);
  }

  function tellCredits(): void {
    const credits: readonly OperationNumber[] = [...granted];
    granted.clear();
    if (credits.length > 0) notify({ credits });
  }

  function receive(message: OperationMessage): void {
    const queue = operations.get(message.id)?.queue;
    // It has left while this was on its way.
    if (queue === undefined) return;
    switch (message.type) {
      case MessageType.Next:
        receiveEvent(message.id, queue, readWireEvent(message.payload));
        return;
      case MessageType.Error:
        queue.end({ kind: 'error', errors: message.payload.map(readWireError) });
        remove(message.id);
        return;
      case MessageType.Complete:
        queue.end({ kind: 'complete' });
        remove(message.id);
        return;
    }
  }

  function receiveEvent(id: string, queue: MessageQueue, event: UpstreamEvent): void {
    if (queue.size() < window) {
      queue.push(event);
      return;
    }
    options.logger.error({ window }, 'the subgraph sends more events than it may');
    queue.end({ kind: 'lost', code: overloaded });
    socket.send({ id, type: MessageType.Complete });
    remove(id);
  }

  function receiveShared(payload: unknown): void {
    const next = readSharedEvent(payload);
    if (next === undefined) return;
    const event: UpstreamEvent = { ...readWireEvent(next.payload), isShared: true };
    for (const id of next.ids) {
      const queue = operations.get(id)?.queue;
      if (queue !== undefined) receiveEvent(id, queue, event);
    }
  }

  function leave(id: string, code: number): void {
    if (code !== 0) notify({ leaves: [[id, code]] });
    socket.send({ id, type: MessageType.Complete });
    remove(id);
  }

  const host: OperationHost = { grant, leave };

  return {
    size: () => operations.size,
    subscribe(request) {
      // Never used again: what is still on its way for one operation can never be taken for another's.
      lastId += 1;
      const id = String(lastId);
      const operation = new SharedOperation(id, host, options.count);
      operations.set(id, operation);
      const extensions = toExtensions({ headers: request.headers, window });
      socket.send({ id, type: MessageType.Subscribe, payload: { ...toSubscribePayload(request), extensions } });
      return operation;
    },
    close(code) {
      endAll(code);
      return socket.close(code);
    },
  };
}
