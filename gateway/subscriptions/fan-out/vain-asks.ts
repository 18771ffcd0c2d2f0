import { createHash } from 'node:crypto';
import type { FetchRequest } from '../../datasources/subgraph-data-source.js';
import type { WireResult } from '../../datasources/wire.js';
import type { FanOutLimits } from './limits.js';

/** What a subgraph was asked on everybody's behalf in vain, so that it is not asked so again with every event. */
export interface VainAsks {
  /** `variables` is their JSON. */
  has(request: FetchRequest, variables: string): boolean;
  remember(request: FetchRequest, variables: string, answer: WireResult): void;
  size(): number;
}

export function createVainAsks(limits: FanOutLimits, now: () => number): VainAsks {
  const until = new Map<string, number>();

  function keep(key: string, ms: number): void {
    until.delete(key);
    until.set(key, now() + ms);
    if (until.size > limits.maxMemories) until.delete(until.keys().next().value ?? '');
  }

  function isKept(key: string): boolean {
    const end = until.get(key);
    if (end === undefined) return false;
    if (end > now()) return true;
    until.delete(key);
    return false;
  }

  return {
    has: ({ query }, variables) => until.size > 0 && (isKept(digest(query)) || isKept(digest(query, variables))),
    remember({ query }, variables, { errors, scope }) {
      if (errors !== undefined) keep(digest(query, variables), limits.failedMs);
      else if (scope?.kind === 'private') keep(digest(query, variables), limits.privateMs);
      else keep(digest(query), limits.silentMs);
    },
    size: () => until.size,
  };
}

/** Documents and representations may be long, and there are thousands of them. */
function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('base64');
}
