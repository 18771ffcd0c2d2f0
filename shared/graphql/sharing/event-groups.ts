import type { ExecutionResult } from 'graphql';
import type { SharedEvent } from '../subscriptions/shared-socket.js';

/** Tells many operations of one socket of the same event with one message. */
export interface EventGroups {
  /** For operation `id`, in order with what is sent after a `flush`. Always true. */
  send(id: string, result: ExecutionResult): true;
  /** Sends what has been collected: before anything else is sent, so that nothing overtakes it. */
  flush(): void;
}

export function createEventGroups(send: (text: string) => void): EventGroups {
  // The same for all sockets and moments: what is shared is never changed.
  let group: { readonly result: ExecutionResult; readonly ids: string[] } | undefined;
  let isPlanned = false;

  function flush(): void {
    if (group === undefined) return;
    const { result, ids } = group;
    group = undefined;
    const payload: SharedEvent = { next: { ids, payload: result } };
    send(JSON.stringify({ type: 'pong', payload }));
  }

  return {
    send(id, result) {
      if (group?.result === result) {
        group.ids.push(id);
        return true;
      }
      flush();
      group = { result, ids: [id] };
      if (!isPlanned) {
        isPlanned = true;
        // At the end of this turn of the event loop: followers hear of a change one right after the other.
        setImmediate(() => {
          isPlanned = false;
          flush();
        });
      }
      return true;
    },
    flush,
  };
}
