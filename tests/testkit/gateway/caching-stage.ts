import { openAnswerCache, type AnswerCache } from '../../../gateway/caching/answer-cache.js';
import type { CacheReport } from '../../../gateway/caching/cached-source.js';
import type { CacheConfig } from '../../../gateway/caching/cache-variables.js';
import type { Lifetime } from '../../../gateway/datasources/answer-lifetime.js';
import type { Caller, FetchRequest } from '../../../gateway/datasources/subgraph-data-source.js';
import type { WireResult } from '../../../gateway/datasources/wire.js';
import type { ExecutionRequest } from '../../../gateway/execution/execution-state.js';
import { defaultOperationLimits } from '../../../gateway/policy/operation-limits.js';
import { createGeneration } from '../../../gateway/supergraph/generation.js';
import type { Viewer } from '../../../shared/auth/viewer.js';
import { createLogger } from '../../../shared/logging/logger.js';
import { answeringSource } from './answering-source.js';
import { mergePart } from '../generated/merge-parts.js';
import { federated } from '../generated/supergraphs.js';
import { compose } from './little-supergraph.js';

/** What a subgraph of a test answers; what is written already is sent as it is. */
export interface StageAnswer extends Omit<WireResult, 'lifetime'> {
  readonly lifetime?: Lifetime | undefined;
}

export interface StageAsked {
  readonly subgraph: string;
  readonly request: FetchRequest;
  readonly caller: Caller;
}

type Answers = Readonly<Record<string, (asked: StageAsked) => StageAnswer | string | Promise<StageAnswer>>>;

export const secondsOfAnswers = 60;
export const publicAnswer: Lifetime = { seconds: secondsOfAnswers, isPrivate: false };
export const privateAnswer: Lifetime = { seconds: secondsOfAnswers, isPrivate: true };

export interface CachingStageOptions extends Partial<CacheConfig> {
  readonly cache?: AnswerCache;
  readonly now?: () => number;
}

/** The supergraph of subgraphs by name. */
export function composeStage(typeDefs: Readonly<Record<string, string>>): string {
  return compose(federated(typeDefs));
}

/** A supergraph whose subgraphs answer what the test says, with a cache before them. */
export function createCachingStage(sdl: string, answers: Answers, { cache: given, now, ...config }: CachingStageOptions = {}) {
  const asked: StageAsked[] = [];
  const reports: CacheReport[] = [];
  const cache =
    given ??
    openAnswerCache(
      { keepsPrivate: true, maxBytes: 1_000_000, maxEntries: 1_000, redisUrl: undefined, invalidationSecret: undefined, ...config },
      { onCached: (report) => reports.push(report), logger: createLogger({ name: 'test', level: 'silent' }), now },
    );
  if (cache === undefined) throw new Error('there is no cache');
  const generation = createGeneration(
    sdl,
    (service) => {
      const source = answeringSource(async (request, caller) => {
        const question = { subgraph: service.name, request, caller };
        asked.push(question);
        const answer = await answers[service.name]?.(question);
        return JSON.parse(typeof answer === 'string' ? answer : JSON.stringify(answer)) as WireResult;
      });
      return cache.cached(service, source);
    },
    { cache },
  );

  async function permitted(source: string, operationName: string | undefined, viewer: Viewer | null) {
    const parsed = generation.operations.parse(source, operationName, defaultOperationLimits);
    if (parsed.kind === 'refused') throw new Error(parsed.errors.join());
    const permission = (await generation.authorization?.permit(parsed.operation, viewer)) ?? {
      kind: 'permitted',
      operation: parsed.operation,
    };
    if (permission.kind === 'refused') throw new Error(permission.errors.join());
    return permission.operation;
  }

  async function run(
    source: string,
    {
      variables = {},
      operationName,
      ask,
      ...caller
    }: Partial<Caller> & Partial<Pick<ExecutionRequest, 'variables' | 'ask'>> & { readonly operationName?: string } = {},
  ) {
    const { data, errors, lifetime } = await generation.execute(await permitted(source, operationName, caller.viewer ?? null), {
      variables,
      ...(ask === undefined ? {} : { ask }),
      caller: { subgraphHeaders: {}, signal: new AbortController().signal, ...caller },
    });
    return {
      data: data === undefined ? undefined : (JSON.parse(data) as unknown),
      errors: errors.map(({ message, path, extensions }) => ({ message, path, code: extensions.code })),
      lifetime,
    };
  }

  /** What a client has in the end that takes deferred fragments later; undefined when nothing is deferred. */
  async function runInParts(source: string, caller: Partial<Caller> = {}): Promise<unknown> {
    const operation = await permitted(source, undefined, caller.viewer ?? null);
    const result = await generation.executeInParts(operation, {
      variables: {},
      caller: { subgraphHeaders: {}, signal: new AbortController().signal, ...caller },
      mayRun: () => true,
    });
    if (result?.hasNext !== true) return undefined;
    let data: unknown = JSON.parse(result.first.data ?? 'null');
    for (let hasNext = true; hasNext;) {
      const increment = await result.next();
      hasNext = increment.hasNext;
      for (const part of increment.parts) data = mergePart(data, part);
    }
    return data;
  }

  return { cache, asked, reports, run, runInParts };
}

/** Somebody whose token says `claims`, as a door makes them known when it has verified the token. */
export function callerWith(
  claims: Readonly<Record<string, unknown>> & { readonly sub: string },
): Pick<Caller, 'viewer' | 'subgraphHeaders'> {
  const payload = Buffer.from(JSON.stringify({ iss: 'https://issuer.example', ...claims })).toString('base64url');
  return {
    viewer: {
      userId: claims.sub,
      username: claims.sub,
      sessionId: claims.sub,
      roles: [],
      scopes: typeof claims.scope === 'string' ? claims.scope.split(' ') : [],
      authenticatedAt: 0,
      expiresAt: Infinity,
    },
    subgraphHeaders: { authorization: `Bearer head.${payload}.signature`, 'x-user-id': claims.sub },
  };
}
