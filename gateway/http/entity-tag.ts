import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { OperationAnswer } from './exchange.js';

export const notModified = 304;

/**
 * Status and headers of an answer that may be kept: by GET it gets a tag, and nothing more for whoever has it already. It was made for the one
 * who asks now, so that a tag says nothing about the answers of others.
 */
export function conditionally(
  { request: { method, headers }, body, contentType }: ConditionalAnswer,
  caching: OperationAnswer['caching'],
): Pick<OperationAnswer, 'status' | 'caching'> {
  if (caching === undefined || method !== 'GET') return { status: 200, caching };
  const entityTag = entityTagOf(body, contentType);
  const status = hasAlready(headers['if-none-match'], entityTag) ? notModified : 200;
  return { status, caching: [...caching, 'etag', entityTag] };
}

interface ConditionalAnswer {
  readonly request: Pick<IncomingMessage, 'method' | 'headers'>;
  readonly body: string;
  readonly contentType: string;
}

/** Of an answer, as it stands in `etag` (RFC 9110, 8.8.3): the same bytes of the same type have the same one. */
export function entityTagOf(body: string, contentType: string): string {
  return `"${hash('sha256', `${contentType}\n${body}`, 'base64url')}"`;
}

/** Whether the client has it already, by its `if-none-match` (RFC 9110, 13.1.2): a list of tags, or `*` for any. Whether they are weak makes no difference there. */
export function hasAlready(ifNoneMatch: string | undefined, entityTag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  // None of ours has a comma in it.
  return ifNoneMatch.split(',').some((each) => each.trim().replace(/^W\//, '') === entityTag);
}
