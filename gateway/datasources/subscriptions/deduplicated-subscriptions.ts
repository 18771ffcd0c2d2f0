import type { Leave } from '../../../shared/graphql/subgraph.js';
import { createMessageQueue, type MessageQueue } from './message-queue.js';
import type { SubscribeRequest, UpstreamMessage, UpstreamSubscription } from '../subgraph-data-source.js';

/** Events that a reader may leave lying before it is cut off: others get them meanwhile. */
const capacity = 32;
const overloaded = 1013;

/** Headers that say nothing about who asks: two that differ in nothing else are answered the same. */
const ofOneRequest: ReadonlySet<string> = new Set(['x-request-id', 'x-client-ip', 'user-agent', 'traceparent']);

/** One subscription of the subgraph, and who reads it. */
interface Shared {
  readonly upstream: UpstreamSubscription;
  readonly readers: Set<MessageQueue>;
  /** An event is asked for. */
  isAsking: boolean;
}

/**
 * Lets callers with the same identity, and those with none, share one subscription of the subgraph when they ask for the same. Whoever comes
 * later gets what comes from then on: this is for subscriptions that say what has changed, and not for such that begin with a state. One
 * that does not keep up is cut off (1013) rather than waited for.
 */
export function deduplicateSubscriptions(
  subscribe: (request: SubscribeRequest) => UpstreamSubscription,
): (request: SubscribeRequest) => UpstreamSubscription {
  const running = new Map<string, Shared>();

  function start(key: string, request: SubscribeRequest): Shared {
    const shared: Shared = { upstream: subscribe(request), readers: new Set(), isAsking: false };
    running.set(key, shared);
    return shared;
  }

  function forget(key: string, shared: Shared): void {
    if (running.get(key) === shared) running.delete(key);
  }

  function ask(key: string, shared: Shared): void {
    if (shared.isAsking) return;
    shared.isAsking = true;
    shared.upstream.next((message) => {
      shared.isAsking = false;
      tell(key, shared, message);
    });
  }

  function tell(key: string, shared: Shared, message: UpstreamMessage): void {
    if (message.kind !== 'event') {
      forget(key, shared);
      for (const reader of [...shared.readers]) reader.end(message);
      shared.readers.clear();
      return;
    }
    // The same object for all: nobody may write into it.
    const event = { ...message, isShared: true };
    for (const reader of [...shared.readers]) {
      if (reader.size() < capacity) reader.push(event);
      else {
        shared.readers.delete(reader);
        reader.end({ kind: 'lost', code: overloaded });
      }
    }
    if (shared.readers.size === 0) leave(key, shared, { code: overloaded });
  }

  function leave(key: string, shared: Shared, how: Leave): void {
    forget(key, shared);
    shared.upstream.leave(how);
  }

  return (request) => {
    const key = keyOf(request);
    const shared = running.get(key) ?? start(key, request);
    const reader = createMessageQueue({ onTaken: () => undefined });
    shared.readers.add(reader);
    return {
      next(receive) {
        const isWaiting = reader.size() === 0 && !reader.hasEnded();
        reader.next(receive);
        // Asked for by the fastest of them.
        if (isWaiting && shared.readers.has(reader)) ask(key, shared);
      },
      leave(how) {
        reader.abandon();
        if (shared.readers.delete(reader) && shared.readers.size === 0) leave(key, shared, how);
      },
    };
  };
}

/** Of all that the subgraph decides by. */
function keyOf({ query, operationName, variables, headers }: SubscribeRequest): string {
  const identity = Object.entries(headers)
    .filter(([name]) => !ofOneRequest.has(name))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([query, operationName ?? null, variables, identity]);
}
