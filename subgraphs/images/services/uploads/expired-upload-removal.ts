import type { Logger } from '../../../../shared/logging/logger.js';

/** How often a process looks for expired uploads, in ms. */
const everyMs = 10 * 60_000;

/** Calls `remove` now and then until it is closed. A failure is logged; the next call makes up for it. */
export function startExpiredUploadRemoval({
  remove,
  logger,
  intervalMs = everyMs,
}: {
  remove: () => Promise<unknown>;
  logger: Logger;
  intervalMs?: number;
}): { close(): Promise<void> } {
  let current: Promise<void> = Promise.resolve();
  let isRunning = false;
  const run = (): void => {
    // A run that takes longer than the interval must not be joined by a second.
    if (isRunning) return;
    isRunning = true;
    current = remove()
      .then(() => undefined)
      .catch((error: unknown) => logger.error({ err: error }, 'expired uploads were not removed'))
      .finally(() => (isRunning = false));
  };
  const timer = setInterval(run, intervalMs);
  timer.unref();
  run();
  return {
    async close() {
      clearInterval(timer);
      await current;
    },
  };
}
