import { createQueueTally, type QueueLoad } from '../../../../shared/background/queue-load.js';
import { createTaskSlots } from '../../../../shared/background/task-slots.js';
import { AppError } from '../../../../shared/errors/app-error.js';
import type { PictureUrgency } from './picture-processing.js';

export interface TurnQueue {
  /**
   * Runs `task` when its turn comes. Rejects with an `UNAVAILABLE` `AppError` at once when too many of this urgency wait already, and when
   * the queue is closed.
   */
  run<Result>(urgency: PictureUrgency, task: () => Promise<Result>): Promise<Result>;
  load(): QueueLoad;
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
  readonly since: number;
  start(): void;
  refuse(error: AppError): void;
}

/** First come, first served, but an upload before every variant. */
export function createTurnQueue({ concurrency, maxWaiting, now = Date.now }: TurnQueueOptions): TurnQueue {
  const waiting: Record<PictureUrgency, Waiting[]> = { upload: [], variant: [] };
  let isClosed = false;
  const slots = createTaskSlots({
    concurrency,
    expectedTaskMs: 1000,
    onFree() {
      const next = waiting.upload.shift() ?? waiting.variant.shift();
      if (next === undefined) return;
      tally.begin(next.since);
      next.start();
    },
    now,
  });
  const tally = createQueueTally(now);

  function busy(): AppError {
    tally.refuse();
    return new AppError('UNAVAILABLE', 'Too many images are being processed right now: try again in a few seconds.', {
      retryAfter: slots.retryAfter(waiting.upload.length + 1),
    });
  }

  return {
    run(urgency, task) {
      if (isClosed) return Promise.reject(busy());
      if (slots.isFree()) {
        tally.begin();
        return slots.start(task);
      }
      if (waiting[urgency].length >= maxWaiting[urgency]) return Promise.reject(busy());
      return new Promise((resolve, reject) => {
        waiting[urgency].push({ since: now(), start: () => void slots.start(task).then(resolve, reject), refuse: reject });
      });
    },
    load: () => tally.load([...waiting.upload, ...waiting.variant].sort((one, other) => one.since - other.since)),
    async close() {
      isClosed = true;
      for (const urgency of ['upload', 'variant'] as const) for (const entry of waiting[urgency].splice(0)) entry.refuse(busy());
      await slots.settled();
    },
  };
}
