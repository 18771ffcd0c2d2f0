import type { GraphQLFormattedError } from 'graphql';
import type { Lifetime } from '../datasources/answer-lifetime.js';
import { isQueryText } from '../datasources/fetch-document.js';
import type { Caller, FetchRequest, SubgraphDataSource } from '../datasources/subgraph-data-source.js';
import type { WireResult } from '../datasources/wire.js';
import { valueText } from '../../shared/json/json-text.js';
import type { AnswerStore, KeptAnswer } from './answer-store.js';
import { createCacheKeys, type QuestionKeys } from './cache-keys.js';
import type { Invalidations } from './invalidation/invalidations.js';
import { createFlights, landingFor, type Landing } from './flights.js';
import { createScopeMemory, pickKept, type KeptScopes } from './kept-scopes.js';
import { lifetimeLeft, type OperationCaching } from './operation-caching.js';
import { toQuestion, type Question } from './question.js';

/** One request to a subgraph, as metrics of the cache see it: items that were kept, that others asked for at that moment, and all others. */
export interface CacheReport {
  /** `*` for whole operations. */
  readonly subgraph: string;
  readonly hits: number;
  readonly shared: number;
  readonly misses: number;
}

export type OnCached = (report: CacheReport) => void;

export interface CachedSourceOptions {
  readonly name: string;
  /** Where the subgraph is, and with what it is asked beside the request. */
  readonly place: string;
  readonly store: AnswerStore;
  readonly invalidations: Invalidations;
  /** Whether private answers are kept too. */
  readonly keepsPrivate: boolean;
  readonly onCached?: OnCached | undefined;
  readonly now?: () => number;
}

/** One request under way. */
interface Asked {
  readonly request: FetchRequest;
  readonly caller: Caller;
  readonly caching: OperationCaching;
  readonly question: Question;
  readonly keys: QuestionKeys;
  /** Undefined where private answers may not be kept. */
  readonly generation: string | undefined;
  /** Before anything was looked for. */
  readonly stamp: number;
  readonly values: unknown[];
  /** Requests that did not bring all that they asked for. */
  readonly failures: { readonly items: readonly number[]; readonly result: WireResult }[];
  shared: number;
}

/**
 * The same subgraph, which is asked only for what is not kept of its answers. It must be asked with the headers that the subgraph gets:
 * what is withheld from it must not be in the key.
 */
export function cacheSource(source: SubgraphDataSource, options: CachedSourceOptions): SubgraphDataSource {
  const { name, store, invalidations, keepsPrivate, onCached, now = Date.now } = options;
  const keysOf = createCacheKeys(options.place);
  const scopes = createScopeMemory();
  const flights = createFlights();

  async function fetchForMutation(request: FetchRequest, caller: Caller, { identity }: OperationCaching): Promise<WireResult> {
    const result = await source.fetch(request, caller);
    // Whatever came of it: it may have changed something before it failed.
    if (keepsPrivate && identity !== undefined && !isQueryText(request.query)) await store.renew(identity.subject);
    return result;
  }

  async function fetchQuery(request: FetchRequest, caller: Caller, caching: OperationCaching): Promise<WireResult> {
    const { query, files } = request;
    const looksFor = files === undefined ? scopes.of(query) : nothing;
    const identity = keepsPrivate && looksFor.own ? caching.identity : undefined;
    if (!looksFor.shared && identity === undefined) return fetchUnkept(request, caller, caching);

    const question = toQuestion(request);
    const keys = keysOf(request, { schemaId: caching.schemaId, headers: caller.subgraphHeaders, identity });
    const stamp = invalidations.stamp();
    const reading = await store.read([...keys.shared, ...(keys.own ?? [])], identity?.subject);
    const asked: Asked = {
      request,
      caller,
      caching,
      question,
      keys,
      generation: keys.own && reading.generation,
      stamp,
      values: [],
      failures: [],
      shared: 0,
    };
    const missing = takeKept(asked, reading.answers);
    if (missing.length > 0) await ask(asked, missing, looksFor.shared);
    onCached?.({ subgraph: name, hits: question.count - missing.length, shared: asked.shared, misses: missing.length - asked.shared });
    return toResult(asked);
  }

  /** What nobody looks for. That may change with what the subgraph says, but not for files, which are in no key. */
  async function fetchUnkept(request: FetchRequest, caller: Caller, caching: OperationCaching): Promise<WireResult> {
    const result = await source.fetch(request, caller);
    const lifetime = request.files === undefined ? result.lifetime : undefined;
    caching.note(lifetime);
    if (lifetime !== undefined) scopes.note(request.query, { shared: !lifetime.isPrivate, own: lifetime.isPrivate });
    return result;
  }

  /** Gives back what is not there. */
  function takeKept(asked: Asked, answers: readonly (KeptAnswer | undefined)[]): number[] {
    const { question, generation, caching, request } = asked;
    const missing: number[] = [];
    const at = now();
    const isOver = invalidations.judge({ subgraph: name, request, schema: caching.schema });
    const good = (answer: KeptAnswer | undefined, item: number) => (answer && isOver?.(answer, item) === true ? undefined : answer);
    for (let item = 0; item < question.count; item += 1) {
      const kept = pickKept(good(answers[item], item), good(answers[question.count + item], item), generation);
      const value = kept === undefined ? undefined : parse(kept.answer.text);
      if (kept === undefined || !question.isValue(value)) missing.push(item);
      else {
        asked.values[item] = value;
        caching.note(lifetimeLeft(kept.answer.expiresAt, at, kept.isOwn));
      }
    }
    return missing;
  }

  /** Of items that somebody else asks for at this moment, it waits for that answer, which may be anyone's. */
  async function ask(asked: Asked, items: readonly number[], mayJoin: boolean): Promise<void> {
    if (!mayJoin) {
      await fetch(asked, items);
      return;
    }
    const lead: number[] = [];
    const joined = new Map<Promise<Landing>, number[]>();
    for (const item of items) {
      const flight = flights.joined(flightKey(asked, item));
      if (flight === undefined) lead.push(item);
      else joined.set(flight, [...(joined.get(flight) ?? []), item]);
    }
    await Promise.all([
      lead.length === 0 ? undefined : takeLead(asked, lead),
      ...[...joined].map(([flight, waiting]) => follow(asked, flight, waiting)),
    ]);
  }

  async function takeLead(asked: Asked, items: readonly number[]): Promise<void> {
    const flight = fetch(asked, items);
    flights.begin(
      items.map((item) => flightKey(asked, item)),
      flight,
    );
    await flight;
  }

  async function follow(asked: Asked, flight: Promise<Landing>, items: readonly number[]): Promise<void> {
    const { texts, lifetime, wasLeft } = await landingFor(asked.caller, flight);
    const left = items.filter((item) => {
      const text = texts.get(asked.keys.shared[item] ?? '');
      if (text === undefined) return true;
      asked.values[item] = JSON.parse(text);
      asked.shared += 1;
      asked.caching.note(lifetime);
      return false;
    });
    if (left.length > 0) await ask(asked, left, wasLeft);
  }

  /** Never rejects. */
  async function fetch(asked: Asked, items: readonly number[]): Promise<Landing> {
    const { question, caller, caching, request } = asked;
    const result = await source.fetch(question.about(items), caller);
    const values = result.data === null ? undefined : question.valuesOf(result.data, items);
    const isWhole = values !== undefined && result.errors === undefined;
    const lifetime = isWhole ? result.lifetime : undefined;
    caching.note(lifetime);
    const texts = new Map<string, string>();
    if (isWhole) scopes.note(request.query, { shared: lifetime?.isPrivate === false, own: lifetime?.isPrivate === true });
    else asked.failures.push({ items, result });
    items.forEach((item, index) => {
      asked.values[item] = values?.[index];
      if (lifetime !== undefined && question.isValue(values?.[index])) keep(asked, item, lifetime, texts);
    });
    return { texts, lifetime, wasLeft: caller.signal.aborted };
  }

  function keep(asked: Asked, item: number, { seconds, isPrivate, tags }: Lifetime, texts: Map<string, string>): void {
    const { keys, generation, values, stamp } = asked;
    const key = isPrivate ? keys.own?.[item] : keys.shared[item];
    if (key === undefined || (isPrivate && generation === undefined)) return;
    const text = valueText(values[item]);
    if (text === undefined) return;
    if (!isPrivate) texts.set(key, text);
    store.write(key, { text, expiresAt: now() + seconds * 1_000, stamp, tags, ...(isPrivate ? { generation } : {}) });
  }

  return {
    ...source,
    fetch(request, caller) {
      const { caching } = caller;
      // The variables do not say which files they are.
      if (caching === undefined) return source.fetch(request, caller);
      return caching.isQuery ? fetchQuery(request, caller, caching) : fetchForMutation(request, caller, caching);
    },
  };
}

/** What is under way since before an invalidation is for nobody who asks after it. */
function flightKey({ keys, stamp }: Asked, item: number): string {
  return `${stamp} ${keys.shared[item] ?? ''}`;
}

const nothing: KeptScopes = { shared: false, own: false };

function toResult({ question, values, failures }: Asked): WireResult {
  const [first] = failures;
  if (first === undefined) return { data: question.toData(values) };
  if (failures.length === 1 && first.items.length === question.count) return first.result;
  return {
    data: question.toData(Array.from({ length: question.count }, (_none, item) => values[item] ?? null)),
    errors: failures.flatMap(({ items, result }) => errorsAt(items, result)),
  };
}

/** More errors than this for one reason tell nothing more. */
const maximumPlaced = 100;

/** Errors about some objects, as errors about all that were asked for. */
function errorsAt(items: readonly number[], { errors = [], isMissing }: WireResult): readonly GraphQLFormattedError[] {
  if (isMissing === true && items.length <= maximumPlaced) {
    return errors.flatMap((error) => items.map((item) => ({ ...error, path: ['_entities', item] })));
  }
  return errors.map((error) => {
    const [root, index, ...below] = error.path ?? [];
    const item = root === '_entities' && typeof index === 'number' ? items[index] : undefined;
    return item === undefined ? error : { ...error, path: ['_entities', item, ...below] };
  });
}

/** Undefined for what is none, as it may be in a store that others write to. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
