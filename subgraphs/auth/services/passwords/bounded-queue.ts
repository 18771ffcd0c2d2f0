import { createQueueTally, type QueueLoad } from '../../../../shared/background/queue-load.js';
import { createTaskSlots } from '../../../../shared/background/task-slots.js';
import { AppError } from '../../../../shared/errors/app-error.js';

export interface BoundedQueue {
  /**
   * Runs `task` when its turn comes. Throws an `UNAVAILABLE` `AppError` when too many wait already, when the wait took so long that the
   * caller has surely given up, and when the queue has been closed.
   */
  run<Result>(task: () => Promise<Result>): Promise<Result>;
  load(): QueueLoad;
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
  let isClosed = false;
  const slots = createTaskSlots({ concurrency, expectedTaskMs: 50, onFree: startNext, now });
  const tally = createQueueTally(now);

  function busy(): AppError {
    tally.refuse();
    return new AppError('UNAVAILABLE', 'The server is too busy to check passwords right now. Try again shortly.', {
      retryAfter: slots.retryAfter(waiting.length),
    });
  }

  function startNext(): void {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (now() - next.since <= maxWaitMs) {
        tally.begin(next.since);
        next.start();
        return;
      }
      next.refuse(busy());
    }
  }

  return {
    run(task) {
      if (isClosed || waiting.length >= maxWaiting) return Promise.reject(busy());
      if (slots.isFree()) {
        tally.begin();
        return slots.start(task);
      }
      return new Promise((resolve, reject) => {
        waiting.push({ since: now(), start: () => void slots.start(task).then(resolve, reject), refuse: reject });
      });
    },
    load: () => tally.load(waiting),
    async close() {
      isClosed = true;
      for (const entry of waiting.splice(0)) entry.refuse(busy());
      await slots.settled();
    },
  };
}
