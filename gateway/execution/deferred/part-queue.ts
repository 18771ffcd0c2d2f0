import type { DeferredPart, Increment } from './incremental-result.js';

export interface FinishedParts {
  readonly parts: readonly DeferredPart[];
  /** Begins what is within them, which is told after them. */
  readonly beginWithin: () => void;
}

/** Parts in the order in which they are ready. */
export interface PartQueue {
  /** Of one that never rejects. */
  add(finished: Promise<FinishedParts>): void;
  readonly hasNext: () => boolean;
  readonly next: () => Promise<Increment>;
}

export function createPartQueue(): PartQueue {
  let ready: DeferredPart[] = [];
  let running = 0;
  let wake: () => void = () => undefined;

  const hasNext = (): boolean => running > 0 || ready.length > 0;

  return {
    add(finished) {
      running += 1;
      void finished.then(({ parts, beginWithin }) => {
        running -= 1;
        ready.push(...parts);
        beginWithin();
        wake();
      });
    },
    hasNext,
    async next() {
      while (ready.length === 0 && running > 0) await new Promise<void>((resolve) => (wake = resolve));
      const parts = ready;
      ready = [];
      return { parts, hasNext: hasNext() };
    },
  };
}
