import type { Logger } from '../../../../shared/logging/logger.js';

/** Work that an answer must not wait for, because the time it takes would tell what the answer does not. */
export interface BackgroundWork {
  /** Runs `task` after those before it. False when too many wait; the task is not run then. */
  start(task: () => Promise<void>): boolean;
  /** Takes no more, and waits for what was taken. */
  close(): Promise<void>;
}

export function createBackgroundWork({ logger, mostWaiting = 1_000 }: { logger: Logger; mostWaiting?: number }): BackgroundWork {
  let waiting = 0;
  let isClosed = false;
  let last: Promise<void> = Promise.resolve();

  async function runAfter(before: Promise<void>, task: () => Promise<void>): Promise<void> {
    await before;
    // The answer goes out first, also when nothing else is going on.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      await task();
    } catch (error) {
      logger.error({ err: error }, 'background work failed');
    } finally {
      waiting -= 1;
    }
  }

  return {
    start(task) {
      if (isClosed || waiting >= mostWaiting) return false;
      waiting += 1;
      last = runAfter(last, task);
      return true;
    },
    async close() {
      isClosed = true;
      await last;
    },
  };
}
