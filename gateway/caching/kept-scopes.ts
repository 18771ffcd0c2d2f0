import type { KeptAnswer } from './answer-store.js';

/** For whom answers to a document have been kept so far. */
export interface KeptScopes {
  readonly shared: boolean;
  readonly own: boolean;
}

/** Documents of query plans, which are as many as clients' operations. */
const capacity = 1_000;
/** Of those that are longer, in characters, nothing is remembered: each is looked for. */
const longest = 10_000;
const unknown: KeptScopes = { shared: true, own: true };

/** Remembers of each document what became of its answers, so that nobody looks, or waits, for what is never kept. */
export function createScopeMemory(): { of(query: string): KeptScopes; note(query: string, scopes: KeptScopes): void } {
  const known = new Map<string, KeptScopes>();
  return {
    of: (query) => known.get(query) ?? unknown,
    note(query, { shared, own }) {
      if (query.length > longest) return;
      const before = known.get(query);
      if (before === undefined && known.size >= capacity) known.delete(known.keys().next().value ?? '');
      if (before === undefined) known.set(query, { shared, own });
      else if (before.shared !== (before.shared || shared) || before.own !== (before.own || own)) {
        known.set(query, { shared: before.shared || shared, own: before.own || own });
      }
    },
  };
}

/** What is there for a caller: their own, if it is of the `generation` that is theirs now, or what holds for everyone. */
export function pickKept(
  shared: KeptAnswer | undefined,
  own: KeptAnswer | undefined,
  generation: string | undefined,
): { readonly answer: KeptAnswer; readonly isOwn: boolean } | undefined {
  if (own !== undefined && generation !== undefined && own.generation === generation) return { answer: own, isOwn: true };
  return shared?.generation === undefined && shared !== undefined ? { answer: shared, isOwn: false } : undefined;
}
