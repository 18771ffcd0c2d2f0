import { randomUUID } from 'node:crypto';
import type { ExecutionArgs, ExecutionResult } from 'graphql';
import type { EventSharing } from '../../../shared/graphql/sharing/event-sharing.js';
import type { Leave, SubscriptionConnection } from '../../../shared/graphql/subgraph.js';
import type { LiveCount } from '../subscriptions/message-queue.js';
import type { UpstreamEvent, UpstreamMessage, UpstreamSubscription } from '../subgraph-data-source.js';
import type { WireResult } from '../wire.js';

interface InProcessSubscriptionOptions {
  readonly prepare: (connection: SubscriptionConnection) => Promise<ExecutionArgs>;
  readonly subscribe: EventSharing['subscribe'];
  readonly toEvent: (result: ExecutionResult) => UpstreamEvent;
  readonly toWireError: (error: unknown) => WireResult;
  /** In which it is one until it ends. */
  readonly count: LiveCount;
}

type State =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly events: AsyncGenerator<ExecutionResult, void, void> }
  | { readonly kind: 'ended' };

const complete: UpstreamMessage = { kind: 'complete' };

/** Events are pulled from the resolver one by one, so a slow client holds the resolver back and nothing queues here. */
export function createInProcessSubscription({
  prepare,
  subscribe,
  toEvent,
  toWireError,
  count,
}: InProcessSubscriptionOptions): UpstreamSubscription {
  const controller = new AbortController();
  let state: State = { kind: 'starting' };
  let answerWaiting: ((message: UpstreamMessage) => void) | undefined;

  count.live += 1;

  /** Nothing after `leave`, which has answered already. */
  function answer(message: UpstreamMessage): void {
    const receive = answerWaiting;
    answerWaiting = undefined;
    receive?.(message);
  }

  function hasEnded(): boolean {
    return state.kind === 'ended';
  }

  function end(message: UpstreamMessage): UpstreamMessage {
    if (!hasEnded()) count.live -= 1;
    state = { kind: 'ended' };
    return message;
  }

  async function start(): Promise<UpstreamMessage | undefined> {
    const result = await subscribe(await prepare({ id: randomUUID(), signal: controller.signal }));
    if (!(Symbol.asyncIterator in result)) return end({ kind: 'error', errors: toEvent(result).errors });
    if (hasEnded()) {
      // The client left while the resolver was at it.
      returnQuietly(result);
      return complete;
    }
    state = { kind: 'running', events: result };
    return undefined;
  }

  async function pull(): Promise<UpstreamMessage> {
    try {
      if (state.kind === 'starting') {
        const refused = await start();
        if (refused !== undefined) return refused;
      }
      if (state.kind !== 'running') return complete;
      const event = await state.events.next();
      if (event.done === true) return end(complete);
      return toEvent(event.value);
    } catch (error) {
      if (hasEnded()) return complete;
      return end({ kind: 'error', errors: toWireError(error).errors ?? [] });
    }
  }

  return {
    next(receive) {
      if (hasEnded()) {
        receive(complete);
        return;
      }
      answerWaiting = receive;
      // Never rejects.
      void pull().then(answer);
    },
    leave(leave: Leave) {
      if (hasEnded()) return;
      const before = state;
      end(complete);
      controller.abort(leave);
      if (before.kind === 'running') returnQuietly(before.events);
      answer(complete);
    },
  };
}

/** The client is gone: what the resolver's clean-up throws interests nobody, and must not end the process. */
function returnQuietly(events: AsyncGenerator<unknown, void, void>): void {
  events.return().catch(() => undefined);
}
