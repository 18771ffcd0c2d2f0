import { createLogger } from '../logging/logger.js';
import { explainStart } from './explain-start.js';

/** A shutdown that takes longer is cut off, so that no orchestrator needs to kill us. In ms. */
const shutdownTimeoutMs = 15_000;
/** A terminal sends Ctrl-C to npm and to us, and npm passes it on: what follows within this time is the same wish, not a second one. In ms. */
const sameWishMs = 1_000;

/** Collects what a process has opened; closes it in reverse order, once. */
export interface Scope {
  /** Registers how to give back what was just taken. */
  defer(close: () => Promise<unknown>): void;
  /** Closes everything, last taken first, also when one of them fails; then throws the first failure. */
  close(): Promise<void>;
}

export function createScope(): Scope {
  const closers: (() => Promise<unknown>)[] = [];
  return {
    defer: (close) => void closers.push(close),
    async close() {
      const failures: unknown[] = [];
      for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
        try {
          await close();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}

export interface ProcessOptions {
  /** For the log. */
  readonly name: string;
  /** Starts everything and resolves when it serves. What it opens it registers in `scope`, which is closed at the end of the process. */
  readonly start: (scope: Scope) => Promise<void>;
}

/**
 * The life of a process: starts, then waits for SIGTERM or SIGINT, closes in reverse order and exits with 0. A configuration that cannot
 * be used, a failed start and a crash exit with 1; a second signal a second later, or a shutdown that hangs, exits at once.
 */
export function runProcess({ name, start }: ProcessOptions): void {
  const logger = createLogger({ name, level: 'info' });
  const scope = createScope();
  let stoppingSince: number | null = null;

  const stop = async (exitCode: number): Promise<void> => {
    stoppingSince = performance.now();
    setTimeout(() => {
      logger.fatal(`shutdown took more than ${shutdownTimeoutMs} ms`);
      process.exit(1);
    }, shutdownTimeoutMs).unref();
    try {
      await started;
      await scope.close();
    } catch (error) {
      logger.error({ err: error }, 'shutdown failed');
      process.exit(1);
    }
    process.exit(exitCode);
  };

  // The state of a process after an uncaught error is unknown: log it and let the orchestrator start a fresh one.
  const crash = (error: unknown): void => {
    logger.fatal({ err: error }, 'crashed');
    process.exit(1);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stoppingSince === null) void stop(0);
      else if (performance.now() - stoppingSince >= sameWishMs) process.exit(1);
    });
  }

  const started = start(scope).catch(async (error: unknown) => {
    report(error);
    await scope.close().catch(() => undefined);
    process.exit(1);
  });

  function report(error: unknown): void {
    const explanation = explainStart(error);
    if (explanation === undefined) logger.fatal({ err: error }, 'start failed');
    else process.stderr.write(`${explanation}\n`);
  }
}
