import type { SupergraphGeneration } from '../supergraph/generation.js';
import type { Supergraph } from '../supergraph/supergraph.js';

/** Takes a subscription to the supergraph that replaces its own, or ends it. Must not throw. */
export type Move = (generation: SupergraphGeneration) => void;

/** Subscriptions that go on when the supergraph is replaced. */
export interface RunningSubscriptions {
  /** One that runs on `generation`. Returns what removes it. */
  add(generation: SupergraphGeneration, move: Move): () => void;
  size(): number;
  close(): void;
}

/** Moved in one turn of the event loop: each costs some microseconds, and there may be tens of thousands. */
const atOnce = 100;

export function createRunningSubscriptions(supergraph: Pick<Supergraph, 'current' | 'onChange'>): RunningSubscriptions {
  const running = new Set<Move>();
  let waiting: Move[] = [];
  let next: NodeJS.Immediate | undefined;

  function moveSome(): void {
    next = undefined;
    for (const move of waiting.splice(-atOnce)) if (running.has(move)) move(supergraph.current());
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
    add(generation, move) {
      running.add(move);
      if (generation !== supergraph.current()) {
        // Replaced between its acceptance and its start.
        waiting.push(move);
        schedule();
      }
      return () => void running.delete(move);
    },
    size: () => running.size,
    close() {
      stop();
      clearImmediate(next);
      running.clear();
      waiting = [];
    },
  };
}
