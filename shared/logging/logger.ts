import pino, { type Logger as PinoLogger } from 'pino';
import { describeError } from './describe-error.js';

export type Logger = PinoLogger;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Names of values that must never reach a log, wherever they stand in the logged object (SECURITY line 52). */
const secrets = [
  'password',
  'accessToken',
  'refreshToken',
  'token',
  'secret',
  'authorization',
  'cookie',
  'privateKey',
  'privateJwk',
].flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** JSON lines on standard output, one object an event, secrets replaced by `[redacted]`. */
export function createLogger(options: { name: string; level: LogLevel }): Logger {
  return pino({
    name: options.name,
    level: options.level,
    serializers: { err: (error: unknown) => describeError(error) },
    redact: { paths: secrets, censor: '[redacted]' },
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
}
