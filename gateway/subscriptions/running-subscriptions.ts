import type { SupergraphGeneration } from '../supergraph/generation.js';
import type { Supergraph } from '../supergraph/supergraph.js';

export interface Movable {
  /** Takes the subscription to the supergraph that replaces its own, or ends it. Must not throw. */
  moveTo(generation: SupergraphGeneration): void;
}

/** Subscriptions that go on when the supergraph is replaced. */
export interface RunningSubscriptions {
  /** One that runs on `generation`. */
  add(generation: SupergraphGeneration, subscription: Movable): void;
  remove(subscription: Movable): void;
  size(): number;
  close(): void;
}

/** Moved in one turn of the event loop: each costs some microseconds, and there may be tens of thousands. */
const atOnce = 100;

export function createRunningSubscriptions(supergraph: Pick<Supergraph, 'current' | 'onChange'>): RunningSubscriptions {
  const running = new Set<Movable>();
  let waiting: Movable[] = [];
  let next: NodeJS.Immediate | undefined;

  function moveSome(): void {
    next = undefined;
    for (const subscription of waiting.splice(-atOnce)) if (running.has(subscription)) subscription.moveTo(supergraph.current());
    schedule();
  }

  function schedule(): void {
    if (waiting.length > 0) next ??= setImmediate(moveSome);
  }

  const stop = supergraph.onChange(() => {
    // Also those that still wait because of the change before.
    waiting = [...running];
    schedule();
  });

  return {
    add(generation, subscription) {
      running.add(subscription);
      if (generation !== supergraph.current()) {
        // Replaced between its acceptance and its start.
        waiting.push(subscription);
        schedule();
      }
    },
    remove: (subscription) => void running.delete(subscription),
    size: () => running.size,
    close() {
      stop();
      clearImmediate(next);
      running.clear();
      waiting = [];
    },
  };
}
