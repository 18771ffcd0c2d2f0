import { describe, expect, it } from '@jest/globals';
import type { GraphQLFieldResolver, GraphQLResolveInfo } from 'graphql';
import { openAnswerCache } from '../../../gateway/caching/answer-cache.js';
import type { SubgraphDataSource } from '../../../gateway/datasources/subgraph-data-source.js';
import { acceptOperation } from '../../../gateway/operations/accept-operation.js';
import { createOperationPolicy } from '../../../gateway/policy/operation-policy.js';
import { createGeneration } from '../../../gateway/supergraph/generation.js';
import { createLogger } from '../../../shared/logging/logger.js';
import { answeringSource } from '../../testkit/gateway/answering-source.js';
import { publicAnswer } from '../../testkit/gateway/caching-stage.js';
import { generateOperation } from '../../testkit/generated/generated-operation.js';
import { definitions } from './definitions.js';
import { federate } from './federation.js';
import { createUniverse } from './universe.js';

// With labels of `@override`, an operation is planned differently each time. More runs are over all others.
const names =
  process.env.FEDERATION_RUNS === undefined
    ? ['interfaces and unions', 'interfaces as entities and @interfaceObject']
    : Object.keys(definitions).filter((name) => name !== '@override');
const numRuns = Number(process.env.FEDERATION_RUNS ?? '10');

/** What was asked about one object, or by one request, and fields of what types were in the answer. */
interface AskedItem {
  readonly subgraph: string;
  readonly query: string;
  readonly representation: string;
  readonly types: ReadonlySet<string>;
}

/** Whose subgraphs say of everything that it may be kept, and note what they have answered. */
function openStage(typeDefs: Readonly<Record<string, string>>) {
  const items: AskedItem[] = [];
  let answering = new Map<number, Set<string>>();
  let last: Promise<unknown> = Promise.resolve();
  const stage = federate(
    Object.entries(typeDefs).map(([name, defs]) => ({ name, typeDefs: defs })),
    {
      universe(sdl, schemas) {
        const universe = createUniverse(sdl, schemas, { seed: 1, nulls: 9 });
        const fieldResolver: GraphQLFieldResolver<unknown, unknown> = (source, given, context, info) => {
          if (info.path.prev !== undefined) note(info);
          return universe.fieldResolver(source, given, context, info);
        };
        return { ...universe, fieldResolver };
      },
    },
  );

  function note({ path, parentType }: GraphQLResolveInfo): void {
    const steps: (string | number)[] = [];
    for (let step: typeof path | undefined = path; step !== undefined; step = step.prev) steps.unshift(step.key);
    const item = steps[0] === '_entities' ? Number(steps[1]) : 0;
    answering.set(item, (answering.get(item) ?? new Set()).add(parentType.name));
  }

  function noting(subgraph: string, source: SubgraphDataSource): SubgraphDataSource {
    return answeringSource((request, caller) => {
      // One after the other: what is noted is of the one that is answered now.
      const answered = last.then(async () => {
        answering = new Map();
        const result = await source.fetch(request, caller);
        (request.entities?.representations ?? ['']).forEach((representation, index) =>
          items.push({ subgraph, query: request.query, representation, types: answering.get(index) ?? new Set() }),
        );
        return { ...result, lifetime: publicAnswer };
      });
      last = answered;
      return answered;
    });
  }

  const cache = openAnswerCache(
    { keepsPrivate: false, maxBytes: 10_000_000, maxEntries: 10_000, redisUrl: undefined, invalidationSecret: 'x'.repeat(32) },
    { logger: createLogger({ name: 'test', level: 'silent' }) },
  );
  if (cache === undefined) throw new Error('there is no cache');
  const generation = createGeneration(
    stage.supergraphSdl,
    (service) =>
      cache.cached(
        service,
        noting(service.name, stage.generation.services.get(service.name) ?? answeringSource(() => Promise.resolve({ data: null }))),
      ),
    { cache },
  );
  const identity = { viewer: null, subgraphHeaders: {} };
  return {
    generation,
    cache,
    /** What subgraphs are asked for it; undefined when it is refused. */
    ask: async (query: string, variables: Readonly<Record<string, unknown>>): Promise<readonly AskedItem[] | undefined> => {
      const acceptance = await acceptOperation(generation, { query, variables }, { policy: createOperationPolicy(), identity });
      if (acceptance.kind === 'refused') return undefined;
      items.length = 0;
      const { operation, variables: given } = acceptance.operation;
      const { errors } = await generation.execute(operation, {
        variables: given,
        caller: { subgraphHeaders: {}, signal: new AbortController().signal },
      });
      return errors.length === 0 ? [...items] : undefined;
    },
  };
}

describe.each(names)('Of a supergraph with %s', (name) => {
  it('everything that was answered of a type is asked for anew when the type is ended', async () => {
    const { ask, cache, generation } = openStage(definitions[name] ?? {});
    const key = ({ subgraph, query, representation }: AskedItem) => `${subgraph} ${query} ${representation}`;
    let checked = 0;
    for (let seed = 0; seed < numRuns; seed += 1) {
      await cache.invalidation?.invalidate([{ kind: 'all' }]);
      const { source, variables } = generateOperation(generation.schema, 'query', seed);
      const first = await ask(source, variables);
      if (first === undefined) continue;
      for (const type of new Set(first.flatMap(({ types }) => [...types]))) {
        await cache.invalidation?.invalidate([{ kind: 'type', type }]);
        const again = new Set((await ask(source, variables))?.map(key));
        const missed = first.filter((item) => item.types.has(type) && !again.has(key(item)));
        expect({ source, type, missed }).toEqual({ source, type, missed: [] });
        checked += 1;
      }
    }
    expect(checked).toBeGreaterThan(0);
  });
});
