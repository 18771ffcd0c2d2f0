import { AppError } from '../../../../shared/errors/app-error.js';

export interface BoundedQueue {
  /**
   * Runs `task` when its turn comes. Throws an `UNAVAILABLE` `AppError` when too many wait already, when the wait took so long that the
   * caller has surely given up, and when the queue has been closed.
   */
  run<Result>(task: () => Promise<Result>): Promise<Result>;
  /** Refuses what waits and what comes; resolves when the running tasks are done. */
  close(): Promise<void>;
}

export interface BoundedQueueOptions {
  readonly concurrency: number;
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
  readonly now?: () => number;
}

interface Waiting {
  readonly since: number;
  start(): void;
  refuse(error: AppError): void;
}

export function createBoundedQueue({ concurrency, maxWaiting, maxWaitMs, now = Date.now }: BoundedQueueOptions): BoundedQueue {
  const waiting: Waiting[] = [];
  const running = new Set<Promise<unknown>>();
  let isClosed = false;
  // Running mean of how long a task takes, to tell a refused caller when a place will be free.
  let meanTaskMs = 50;

  const busy = () =>
    new AppError('UNAVAILABLE', 'The server is too busy to check passwords right now. Try again shortly.', {
      retryAfter: Math.max(1, Math.ceil((waiting.length * meanTaskMs) / concurrency / 1000)),
    });

  function startNext(): void {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (now() - next.since <= maxWaitMs) {
        next.start();
        return;
      }
      next.refuse(busy());
    }
  }

  async function start<Result>(task: () => Promise<Result>): Promise<Result> {
    const startedAt = now();
    const work = Promise.resolve().then(task);
    running.add(work);
    try {
      return await work;
    } finally {
      running.delete(work);
      meanTaskMs += (now() - startedAt - meanTaskMs) / 16;
      startNext();
    }
  }

  return {
    run(task) {
      if (isClosed || waiting.length >= maxWaiting) return Promise.reject(busy());
      if (running.size < concurrency) return start(task);
      return new Promise((resolve, reject) => {
        waiting.push({ since: now(), start: () => void start(task).then(resolve, reject), refuse: reject });
      });
    },
    async close() {
      isClosed = true;
      for (const entry of waiting.splice(0)) entry.refuse(busy());
      await Promise.allSettled(running);
    },
  };
}
