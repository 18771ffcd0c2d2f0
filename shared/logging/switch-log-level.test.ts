import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { LogLevel } from './logger.js';
import { switchLogLevel } from './switch-log-level.js';

function start(level: LogLevel) {
  const signals = new EventEmitter();
  const told: LogLevel[] = [];
  const warnings: unknown[] = [];
  const logger = { level: level as string, warn: (line: object) => void warnings.push({ ...line, heardAt: logger.level }) };
  switchLogLevel(logger, { signals, onChange: (each) => told.push(each) });
  return { logger, told, warnings, signal: () => signals.emit('SIGUSR2') };
}

describe('SIGUSR2', () => {
  it.each<[LogLevel, LogLevel]>([
    ['warn', 'debug'],
    ['silent', 'debug'],
    ['info', 'debug'],
    ['debug', 'info'],
    ['trace', 'info'],
  ])('sets the log level from %s to %s, and back, and says so', (configured, other) => {
    const { logger, told, warnings, signal } = start(configured);
    expect(logger.level).toBe(configured);
    signal();
    expect(logger.level).toBe(other);
    signal();
    expect(logger.level).toBe(configured);
    expect(told).toEqual([other, configured]);
    expect(warnings).toEqual([
      { logLevel: other, heardAt: other },
      { logLevel: configured, heardAt: other },
    ]);
  });
});
