import type { IncomingMessage } from 'node:http';
import type { Logger } from '../logging/logger.js';

const longestPath = 300;

/**
 * One line for a request that was answered, without what stands behind the `?`: that may hold what only its sender should know. A path may
 * have any bytes, and a terminal obeys some.
 */
export function logRequest(
  logger: Logger,
  { method, url = '' }: Pick<IncomingMessage, 'method' | 'url'>,
  answered: { readonly requestId: string; readonly status: number; readonly ms: number },
): void {
  if (!logger.isLevelEnabled('debug')) return;
  const { requestId, status, ms } = answered;
  logger.debug({ requestId, method, path: plain(url.split('?', 1)[0]), status, ms }, 'request');
}

function plain(path = ''): string {
  return path.slice(0, longestPath).replaceAll(/[^!-~]/g, '?');
}
