import type { Logger, LogLevel } from './logger.js';

/** What is needed of `process`. */
interface Signals {
  on(signal: 'SIGUSR2', listener: () => void): unknown;
}

/**
 * At SIGUSR2 the log tells more (`debug`; `info` where it tells as much already), and at the next one as much as before, so that somebody can
 * look closer without a restart. `onChange` hears of each level.
 */
export function switchLogLevel(
  logger: Pick<Logger, 'level' | 'warn'>,
  { signals = process, onChange }: { readonly signals?: Signals; readonly onChange?: (level: LogLevel) => void } = {},
): void {
  const configured = logger.level as LogLevel;
  const other: LogLevel = configured === 'debug' || configured === 'trace' ? 'info' : 'debug';
  signals.on('SIGUSR2', () => {
    const level = logger.level === configured ? other : configured;
    // Said while it can be heard: what is configured may be silent.
    logger.level = other;
    logger.warn({ logLevel: level }, 'the log level changes; another SIGUSR2 changes it back');
    logger.level = level;
    onChange?.(level);
  });
}
