import type { GraphQLSchema } from 'graphql';
import type { FetchRequest } from '../../datasources/subgraph-data-source.js';
import { isJsonObject } from '../../../shared/json/json-object.js';
import { longestLifetimeSeconds } from '../../datasources/answer-lifetime.js';
import type { KeptAnswer } from '../answer-store.js';
import { createDocumentTypes, namesOf } from './document-types.js';
import type { Invalidation } from './invalidation.js';

/** What operators have said that it is to be asked for anew. Answers are not looked for to be ended: one is over when it was asked for before. */
export interface Invalidations {
  /** Of what is asked for from now on. It grows with each invalidation. */
  stamp(): number;
  /** `at`: the stamp that this one has elsewhere, later than all before. */
  add(invalidations: readonly Invalidation[], at?: number): void;
  /** Which of the answers of a subgraph to this are over; undefined when none can be. */
  judge(asked: AskedSubgraph): Judge | undefined;
}

/** `item`: of a request for entities, which one. */
export type Judge = (answer: KeptAnswer, item: number) => boolean;

export interface AskedSubgraph {
  readonly subgraph: string;
  readonly request: Pick<FetchRequest, 'query' | 'entities'>;
  /** The supergraph's. */
  readonly schema: GraphQLSchema;
}

export interface InvalidationsOptions {
  /** More than this at a time end everything. Default 100,000. */
  readonly most?: number;
  /** Whether others know more: until the first `add` nothing is good that was asked for by anybody else. */
  readonly isShared?: boolean;
  readonly now?: () => number;
}

/** No answer is older, so that nothing has to be known of what was before. */
const longestMs = longestLifetimeSeconds * 1_000;

export function createInvalidations({ most = 100_000, isShared = false, now = Date.now }: InvalidationsOptions = {}): Invalidations {
  /** Stamps of the last invalidation of each subject, the oldest first. */
  const ends = new Map<string, number>();
  /** By type, of which fields the keys consist that objects were named by. */
  const keyFields = new Map<string, Map<string, readonly string[]>>();
  const typesOf = createDocumentTypes();
  /** What is kept in memory is looked at once after an invalidation, and not with each request. */
  const goodAsOf = new WeakMap<KeptAnswer, number>();
  let latest = 0;
  let endOfAll = 0;
  let latestOfTypes = 0;

  function end(subject: readonly unknown[], at: number): void {
    const text = JSON.stringify(subject);
    if ((ends.get(text) ?? 0) >= at) return;
    ends.delete(text);
    ends.set(text, at);
  }

  function addOne(what: Invalidation, at: number): void {
    switch (what.kind) {
      case 'all':
        endOfAll = Math.max(endOfAll, at);
        return;
      case 'subgraph':
        end(['subgraph', what.subgraph], at);
        return;
      case 'cache_tag':
        for (const subgraph of what.subgraphs ?? [null]) end(['tag', subgraph, what.cache_tag], at);
        return;
      case 'type':
        latestOfTypes = Math.max(latestOfTypes, at);
        end(['type', what.subgraph ?? null, what.type], at);
        return;
      case 'entity': {
        const { subgraph = null, type, key } = what;
        const fields = Object.keys(key).sort();
        const known = keyFields.get(type) ?? new Map<string, readonly string[]>();
        keyFields.set(type, known.set(fields.join(' '), fields));
        latestOfTypes = Math.max(latestOfTypes, at);
        end(['object', subgraph, type, fields.map((field) => [field, String(key[field])])], at);
        end(['objects', subgraph, type], at);
      }
    }
  }

  function forgetOld(): void {
    for (const [subject, at] of ends) {
      if (at > latest - longestMs) break;
      ends.delete(subject);
    }
    if (ends.size > most) {
      ends.clear();
      endOfAll = latest;
    }
    if (ends.size === 0) keyFields.clear();
  }

  /** Whether it, in this subgraph or all of them, has ended since. */
  function hasEnded(since: number, kind: string, subgraph: string, ...rest: readonly unknown[]): boolean {
    return [subgraph, null].some((each) => (ends.get(JSON.stringify([kind, each, ...rest])) ?? 0) > since);
  }

  /** An object whose key nobody can compare is one that may be meant. */
  function isMeant(since: number, { subgraph, type, representation }: NamedObject): boolean {
    if (!hasEnded(since, 'objects', subgraph, type)) return false;
    return [...(keyFields.get(type)?.values() ?? [])].some((fields) => {
      const key = fields.map((field) => [field, keyText(representation[field])]);
      return key.some(([, value]) => value === undefined) || hasEnded(since, 'object', subgraph, type, key);
    });
  }

  function endedByType(since: number, item: number, { subgraph, request, schema }: AskedSubgraph): boolean {
    if (latestOfTypes <= since) return false;
    const { below } = typesOf(request.query, schema);
    if (below === undefined) return true;
    const isTypeOver = (type: string): boolean => hasEnded(since, 'type', subgraph, type);
    if ([...below].some((type) => isTypeOver(type) || hasEnded(since, 'objects', subgraph, type))) return true;
    const text = request.entities?.representations[item];
    if (text === undefined) return false;
    const representation: unknown = JSON.parse(text);
    if (!isJsonObject(representation) || typeof representation.__typename !== 'string') return true;
    return [...namesOf(representation.__typename, schema)].some(
      (type) => isTypeOver(type) || isMeant(since, { subgraph, type, representation }),
    );
  }

  return {
    stamp: () => latest,
    add(invalidations, at = Math.max(now(), latest + 1)) {
      latest = Math.max(latest, at);
      for (const each of invalidations) addOne(each, at);
      forgetOld();
    },
    judge(asked) {
      if (latest === 0) return isShared ? () => true : undefined;
      const { subgraph } = asked;
      return (answer, item) => {
        const since = goodAsOf.get(answer) ?? answer.stamp;
        if (since >= latest) return false;
        if (since < endOfAll || (ends.get(JSON.stringify(['subgraph', subgraph])) ?? 0) > since) return true;
        if ((answer.tags ?? []).some((tag) => hasEnded(since, 'tag', subgraph, tag)) || endedByType(since, item, asked)) return true;
        goodAsOf.set(answer, latest);
        return false;
      };
    },
  };
}

interface NamedObject {
  readonly subgraph: string;
  readonly type: string;
  readonly representation: Readonly<Record<string, unknown>>;
}

/** IDs are texts or numbers, and mean the same. */
function keyText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
