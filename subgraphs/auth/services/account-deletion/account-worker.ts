import type { Logger } from '../../../../shared/logging/logger.js';

const minuteMs = 60_000;

export interface AccountWorker {
  /** Runs now, and waits for it. */
  run(): Promise<void>;
  close(): Promise<void>;
}

/** Does `tasks` now and every minute, one run at a time: deletions that are due, and the forgetting of what has ended. */
export function createAccountWorker({
  tasks,
  logger,
  everyMs = minuteMs,
}: {
  tasks: readonly (() => Promise<unknown>)[];
  logger: Logger;
  everyMs?: number;
}): AccountWorker {
  let running: Promise<void> = Promise.resolve();

  async function runAll(): Promise<void> {
    for (const task of tasks) {
      try {
        await task();
      } catch (error) {
        logger.warn({ err: error }, 'a task of the accounts failed; the next try is in a minute');
      }
    }
  }

  function run(): Promise<void> {
    running = running.then(runAll);
    return running;
  }

  const timer = setInterval(() => void run(), everyMs);
  timer.unref();
  void run();
  return {
    run,
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}
