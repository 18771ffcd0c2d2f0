import { AppError } from '../../../../shared/errors/app-error.js';
import type { PictureUrgency } from './picture-processing.js';

export interface TurnQueue {
  /**
   * Runs `task` when its turn comes. Rejects with an `UNAVAILABLE` `AppError` at once when too many of this urgency wait already, and when
   * the queue is closed.
   */
  run<Result>(urgency: PictureUrgency, task: () => Promise<Result>): Promise<Result>;
  /** Refuses what waits and what comes; resolves when the running tasks are done. */
  close(): Promise<void>;
}

export interface TurnQueueOptions {
  /** How many tasks run at a time. */
  readonly concurrency: number;
  /** How many more may wait. */
  readonly maxWaiting: Readonly<Record<PictureUrgency, number>>;
  readonly now?: () => number;
}

interface Waiting {
  start(): void;
  refuse(error: AppError): void;
}

/** First come, first served, but an upload before every variant. */
export function createTurnQueue({ concurrency, maxWaiting, now = Date.now }: TurnQueueOptions): TurnQueue {
  const waiting: Record<PictureUrgency, Waiting[]> = { upload: [], variant: [] };
  const running = new Set<Promise<unknown>>();
  let isClosed = false;
  // Running mean of how long a task takes, to tell a refused caller when a place will be free.
  let meanTaskMs = 1000;

  const busy = () =>
    new AppError('UNAVAILABLE', 'Too many images are being processed right now: try again in a few seconds.', {
      retryAfter: Math.max(1, Math.ceil(((waiting.upload.length + 1) * meanTaskMs) / concurrency / 1000)),
    });

  async function start<Result>(task: () => Promise<Result>): Promise<Result> {
    const startedAt = now();
    // Also of a task that throws before it answers a promise, the place is handed on.
    const work = (async () => task())();
    running.add(work);
    try {
      return await work;
    } finally {
      running.delete(work);
      meanTaskMs += (now() - startedAt - meanTaskMs) / 16;
      (waiting.upload.shift() ?? waiting.variant.shift())?.start();
    }
  }

  return {
    run(urgency, task) {
      if (isClosed) return Promise.reject(busy());
      if (running.size < concurrency) return start(task);
      if (waiting[urgency].length >= maxWaiting[urgency]) return Promise.reject(busy());
      return new Promise((resolve, reject) => {
        waiting[urgency].push({ start: () => void start(task).then(resolve, reject), refuse: reject });
      });
    },
    async close() {
      isClosed = true;
      for (const urgency of ['upload', 'variant'] as const) for (const entry of waiting[urgency].splice(0)) entry.refuse(busy());
      await Promise.allSettled(running);
    },
  };
}
