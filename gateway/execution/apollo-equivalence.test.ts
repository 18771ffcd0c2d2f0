import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner, type QueryPlan } from '@apollo/query-planner';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { executeSync, parse, type GraphQLSchema } from 'graphql';
import { answeringSource } from '../../tests/testkit/gateway/answering-source.js';
import { compose } from '../../tests/testkit/gateway/little-supergraph.js';
import { generateOperation, type GeneratedOperation } from '../../tests/testkit/generated/generated-operation.js';
import { answerOf, type Weather } from '../../tests/testkit/generated/generated-subgraph.js';
import { federated, supergraphs } from '../../tests/testkit/generated/supergraphs.js';
import { createApolloExecutor } from './apollo-executor.js';
import { createOperationExecutor } from './operation-executor.js';
import type { OperationResult } from './operation-result.js';
import { createTypeIndex } from './type-index.js';

/** Where Apollo's executor gives null for what subgraphs have answered. */
const losses: Readonly<Record<string, string>> = {
  'interfaces known as objects':
    'the name of the interface, from the subgraph that knows it as an object, replaces the name of the object type',
  'values that several give': 'the null of one subgraph replaces what another one has given',
};

const calm: Omit<Weather, 'seed'> = { nulls: 0, errors: 0, violations: 0, garbage: 0, missing: 0 };

interface Stage {
  readonly schema: GraphQLSchema;
  run(operation: GeneratedOperation, weather: Weather): Promise<{ apollo: OperationResult; ours: OperationResult; plan: QueryPlan }>;
}

function createStage(typeDefs: Readonly<Record<string, string>>): Stage {
  const services = federated(typeDefs);
  const supergraph = Supergraph.build(compose(services), { validateSupergraph: true });
  const apiSchema = supergraph.apiSchema();
  const schema = apiSchema.toGraphQLJSSchema();
  const supergraphSchema = supergraph.schema.toGraphQLJSSchema();
  const planner = new QueryPlanner(supergraph);
  const subgraphs = new Map(services.map((service) => [service.name, buildSubgraphSchema(parse(service.typeDefs))]));

  return {
    schema,
    async run(operation, weather) {
      const document = parse(operation.source);
      const plan = planner.buildQueryPlan(operationFromDocument(apiSchema, document));
      const sources = new Map(
        [...subgraphs].map(([name, subgraph]) => [
          name,
          answeringSource((request) => Promise.resolve(answerOf(name, subgraph, request, weather))),
        ]),
      );
      const executor = createOperationExecutor({
        schema,
        services: sources,
        types: createTypeIndex(supergraphSchema),
        introspections: new Map(),
      });
      const theirs = createApolloExecutor({ schema, apiSchema, supergraphSchema, services: sources });
      const request = {
        variables: operation.variables,
        caller: { subgraphHeaders: {}, signal: new AbortController().signal },
      };
      const planned = { ...plan, document };
      const [ours, apollo] = [await executor.execute(planned, undefined, request), await theirs.execute(planned, undefined, request)];
      return { plan, ours, apollo };
    },
  };
}

const stages = Object.entries(supergraphs).map(([name, typeDefs]) => ({ name, stage: createStage(typeDefs) }));

/** What is at the path of an error: null, there or around it. */
function nullAt(data: unknown, path: readonly (string | number)[] | undefined): unknown {
  let value = data;
  for (const step of path ?? []) if (value !== null) value = (value as Record<string | number, unknown>)[step];
  return value;
}

/** What graphql-js gives for our data: the order of the fields, and nulls where the specification allows them. */
function byTheSpecification(schema: GraphQLSchema, { source, variables }: GeneratedOperation, data: string): unknown {
  return executeSync({
    schema,
    document: parse(source),
    variableValues: variables,
    rootValue: JSON.parse(data) as unknown,
    fieldResolver: (object: Record<string, unknown>, _args, _context, { path }) => object[path.key],
    typeResolver: (object: Record<string, unknown>) => object.__typename as string,
  });
}

describe.each(stages)('Over $name, our executor', ({ name, stage }) => {
  const runs = { numRuns: 60 };

  /** Like `ours`, but null where Apollo's has null and must not. */
  function asApollo(ours: unknown, apollo: unknown): unknown {
    if (apollo === null && losses[name] !== undefined) return null;
    if (Array.isArray(ours)) return ours.map((item: unknown, index) => asApollo(item, (apollo as unknown[] | undefined)?.[index]));
    if (typeof ours !== 'object' || ours === null) return ours;
    return Object.fromEntries(
      Object.entries(ours).map(([key, value]) => [key, asApollo(value, (apollo as Record<string, unknown> | undefined)?.[key])]),
    );
  }

  it.each([
    ['answer well', {}],
    ['answer with nulls', { nulls: 5 }],
    ['answer with nulls where none may be', { nulls: 8, violations: 3 }],
  ])("gives and tells what Apollo's does when subgraphs %s", async (_how, weather) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom('query' as const, 'query' as const, 'mutation' as const), async (seed, kind) => {
        if (kind === 'mutation' && (stage.schema.getMutationType() ?? undefined) === undefined) return;
        const operation = generateOperation(stage.schema, kind, seed);
        const { apollo, ours } = await stage.run(operation, { ...calm, ...weather, seed });
        const apolloData = JSON.parse(apollo.data ?? '') as unknown;
        expect({ operation, data: asApollo(JSON.parse(ours.data ?? ''), apolloData) }).toEqual({ operation, data: apolloData });
        expect({ data: ours.data }).toEqual({
          data: JSON.stringify((byTheSpecification(stage.schema, operation, ours.data ?? '') as { data?: unknown }).data),
        });
        // Which of several nulls is told of depends on the order of the fields, in which Apollo's differs from the document.
        if (losses[name] === undefined)
          expect({ operation, isTold: ours.errors.length > 0 }).toEqual({ operation, isTold: apollo.errors.length > 0 });
        for (const { path } of ours.errors)
          expect({ operation, path, at: nullAt(JSON.parse(ours.data ?? ''), path) }).toMatchObject({ at: null });
      }),
      runs,
    );
  });
});
