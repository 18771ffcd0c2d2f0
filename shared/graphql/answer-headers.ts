import type { CacheHint } from './sharing/cache-hints.js';
import { scopeHeaders, type AnswerScope, type SharingPolicy } from './sharing/sharing.js';

export interface AnswerSays {
  /** Of its objects, to an anonymous caller; undefined when they say nothing. */
  readonly scope: AnswerScope | undefined;
  /** Of its document; undefined for an answer with errors. */
  readonly hint: CacheHint | undefined;
  /** Of the subgraph. */
  readonly policy: SharingPolicy | undefined;
}

/**
 * What an answer says about who may have it, and for how long, as response headers. Without a hint nobody may keep it. Where a subgraph has
 * rules for whom its fields hold, these count as well: what is not for everyone by them is the asker's, whatever the hint says.
 */
export function answerHeaders({ scope, hint, policy }: AnswerSays): readonly (readonly [name: string, value: string])[] {
  if (hint === undefined) return scope === undefined ? [] : scopeHeaders(scope);
  const isPrivate = hint.isPrivate || (policy !== undefined && scope?.kind !== 'public');
  const [, ...exceptions] = scope === undefined || isPrivate ? [] : scopeHeaders(scope);
  return [['cache-control', `max-age=${hint.maxAge}, ${isPrivate ? 'private' : 'public'}`], ...exceptions];
}
