import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLResolverMap } from '@apollo/subgraph/dist/schema-helper/resolverMap.js';
import { execute, parse, validate, type GraphQLSchema } from 'graphql';
import type { SubgraphDataSource } from '../../../gateway/datasources/subgraph-data-source.js';
import { acrossTheWire, readWireResult } from '../../../gateway/datasources/wire.js';
import type { Viewer } from '../../../shared/auth/viewer.js';
import { acceptOperation } from '../../../gateway/operations/accept-operation.js';
import { createGeneration, type GenerationOptions, type SupergraphGeneration } from '../../../gateway/execution/generation.js';
import { createOperationPolicy } from '../../../gateway/policy/operation-policy.js';

export interface SubgraphDefinition {
  readonly name: string;
  /** Without the `@link` to Federation, unless it has one of its own. */
  readonly typeDefs: string;
  readonly resolvers: GraphQLResolverMap<unknown>;
}

export interface Asked {
  readonly subgraph: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly data: unknown;
  readonly errors: readonly { readonly message: string; readonly path: string; readonly code: unknown }[];
}

/** Several subgraphs in this process behind the gateway's own planning and execution. */
export interface Federation {
  readonly generation: SupergraphGeneration;
  readonly supergraphSdl: string;
  /** What subgraphs were asked, oldest first. */
  readonly asked: Asked[];
  /** On behalf of `viewer`, by default of nobody in particular. */
  ask(query: string, variables?: Record<string, unknown>, viewer?: Viewer | null): Promise<Answer>;
}

export interface FederationOptions extends GenerationOptions {
  /** Changes the supergraph, into one of another composition. */
  readonly edit?: (supergraphSdl: string) => string;
}

const imports = [
  ...['@key', '@external', '@requires', '@provides', '@shareable', '@override', '@inaccessible', '@tag', '@extends', '@interfaceObject'],
  ...['@composeDirective', '@authenticated', '@requiresScopes', '@policy', '@context', '@fromContext'],
];
const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ${JSON.stringify(imports)})\n`;

export function composeFederation(subgraphs: readonly Pick<SubgraphDefinition, 'name' | 'typeDefs'>[]): string {
  const { errors, supergraphSdl } = composeServices(
    subgraphs.map(({ name, typeDefs }) => ({ name, url: `http://${name}.test`, typeDefs: parse(withLink(typeDefs)) })),
  );
  if (supergraphSdl === undefined) throw new Error(errors.map(({ message }) => message).join('\n'));
  return supergraphSdl;
}

export function federate(subgraphs: readonly SubgraphDefinition[], options: FederationOptions = {}): Federation {
  const { edit = (sdl: string) => sdl, ...generationOptions } = options;
  const supergraphSdl = edit(composeFederation(subgraphs));
  const asked: Asked[] = [];
  const schemas = new Map(
    subgraphs.map(({ name, typeDefs, resolvers }) => [name, buildSubgraphSchema({ typeDefs: parse(withLink(typeDefs)), resolvers })]),
  );
  const generation = createGeneration(
    supergraphSdl,
    ({ name }) => {
      const schema = schemas.get(name);
      if (schema === undefined) throw new Error(`no subgraph ${name}`);
      return executableSource(name, schema, asked);
    },
    generationOptions,
  );

  const policy = createOperationPolicy();
  return {
    generation,
    supergraphSdl,
    asked,
    async ask(query, variables = {}, viewer = null) {
      const identity = { viewer, subgraphHeaders: {} };
      const acceptance = await acceptOperation(generation, { query, variables }, { policy, identity });
      if (acceptance.kind === 'refused') return { data: undefined, errors: acceptance.errors.map(shown) };
      const caller = { subgraphHeaders: {}, signal: new AbortController().signal };
      const { data, errors } = await generation.execute(acceptance.operation.operation, { variables, caller });
      return { data: data === undefined ? undefined : JSON.parse(data), errors: errors.map(shown) };
    },
  };
}

function withLink(typeDefs: string): string {
  return typeDefs.includes('@link(') ? typeDefs : link + typeDefs;
}

function shown(error: { message: string; path?: readonly (string | number)[] | undefined; extensions: Record<string, unknown> }) {
  return { message: error.message, path: (error.path ?? []).join('.'), code: error.extensions.code };
}

/** As strict as a subgraph's server: what it is asked must be valid. */
function executableSource(name: string, schema: GraphQLSchema, asked: Asked[]): SubgraphDataSource {
  const fetch: SubgraphDataSource['fetch'] = async ({ query, operationName, variables }) => {
    asked.push({ subgraph: name, query, variables });
    const document = parse(query);
    const problems = validate(schema, document);
    if (problems.length > 0) throw new Error(`${name} was asked what it cannot answer: ${problems.join('\n')}\n${query}`);
    const result = await execute({ schema, document, operationName, variableValues: { ...variables }, contextValue: {} });
    const body = { data: result.data ?? null, ...(result.errors === undefined ? {} : { errors: result.errors }) };
    return readWireResult(acrossTheWire(body)) ?? { data: null };
  };
  return {
    fetch,
    process: ({ request }) => {
      const { query = '', operationName, variables = {} } = request;
      return fetch({ query, operationName, variables }, { subgraphHeaders: {}, signal: new AbortController().signal });
    },
    subscribe() {
      throw new Error('No subscriptions here');
    },
    close: () => Promise.resolve(),
  };
}
