import type { IncomingMessage } from 'node:http';
import type { Logger } from '../logging/logger.js';

/** One line for a request that was answered, without what stands behind the `?`: that may hold what only its sender should know. */
export function logRequest(
  logger: Logger,
  { method, url = '' }: Pick<IncomingMessage, 'method' | 'url'>,
  answered: { readonly requestId: string; readonly status: number; readonly ms: number },
): void {
  if (!logger.isLevelEnabled('debug')) return;
  const { requestId, status, ms } = answered;
  logger.debug({ requestId, method, path: url.split('?', 1)[0], status, ms }, 'request');
}
