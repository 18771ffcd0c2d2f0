import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLResolverMap } from '@apollo/subgraph/dist/schema-helper/resolverMap.js';
import { execute, isInterfaceType, parse, validate, type ExecutionArgs, type GraphQLSchema } from 'graphql';
import type { SubgraphDataSource } from '../../../gateway/datasources/subgraph-data-source.js';
import { readWireResult } from '../../../gateway/datasources/wire.js';
import { acrossTheWire } from '../../../shared/json/json-object.js';
import type { Viewer } from '../../../shared/auth/viewer.js';
import { answeringSource } from '../../testkit/gateway/answering-source.js';
import { acceptOperation } from '../../../gateway/operations/accept-operation.js';
import { createGeneration, type GenerationOptions, type SupergraphGeneration } from '../../../gateway/supergraph/generation.js';
import { createOperationPolicy } from '../../../gateway/policy/operation-policy.js';

export interface SubgraphDefinition {
  readonly name: string;
  /** Without the `@link` to Federation, unless it has one of its own, or begins with `federation1`. */
  readonly typeDefs: string;
  readonly resolvers?: GraphQLResolverMap<unknown>;
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
  /** What one schema with all that the universe knows answers. */
  monolith(query: string, variables?: Record<string, unknown>): Promise<Answer>;
}

interface Universe extends Pick<ExecutionArgs, 'fieldResolver' | 'typeResolver'> {
  /** Of what is found by a representation whose `__typename` is an interface. */
  readonly objectType?: (representation: Representation) => string;
}

type Representation = Readonly<Record<string, unknown>>;

export interface FederationOptions extends GenerationOptions {
  /** Answers for all fields that have no resolver. */
  readonly universe?: (supergraphSdl: string, subgraphs: ReadonlyMap<string, GraphQLSchema>) => Universe;
  /** The supergraph, where it is known already: composing it takes long. */
  readonly composed?: string;
  /** Changes the supergraph, into one of another composition. */
  readonly edit?: (supergraphSdl: string) => string;
}

const imports = [
  ...['@key', '@external', '@requires', '@provides', '@shareable', '@override', '@inaccessible', '@tag', '@extends', '@interfaceObject'],
  ...['@composeDirective', '@authenticated', '@requiresScopes', '@policy', '@context', '@fromContext'],
];
const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ${JSON.stringify(imports)})\n`;

/** How the schema of a subgraph begins that is written for Federation 1, which has no `@link`. */
export const federation1 = '# Federation 1\n';

function composeFederation(subgraphs: readonly Pick<SubgraphDefinition, 'name' | 'typeDefs'>[]): string {
  const { errors, supergraphSdl } = composeServices(
    subgraphs.map(({ name, typeDefs }) => ({ name, url: `http://${name}.test`, typeDefs: parse(withLink(typeDefs)) })),
  );
  if (supergraphSdl === undefined) throw new Error(errors.map(({ message }) => message).join('\n'));
  return supergraphSdl;
}

export function federate(subgraphs: readonly SubgraphDefinition[], options: FederationOptions = {}): Federation {
  const { composed, edit = (sdl: string) => sdl, universe = () => ({}), ...generationOptions } = options;
  const supergraphSdl = edit(composed ?? composeFederation(subgraphs));
  const asked: Asked[] = [];
  const schemas = new Map(
    subgraphs.map(({ name, typeDefs, resolvers = {} }) => [name, buildSubgraphSchema({ typeDefs: parse(withLink(typeDefs)), resolvers })]),
  );
  const defaults = universe(supergraphSdl, schemas);
  const generation = createGeneration(
    supergraphSdl,
    ({ name }) => {
      const schema = schemas.get(name);
      if (schema === undefined) throw new Error(`no subgraph ${name}`);
      return executableSource(name, { schema, ...defaults }, asked);
    },
    generationOptions,
  );

  const policy = createOperationPolicy();
  return {
    generation,
    supergraphSdl,
    asked,
    async monolith(query, variables = {}) {
      const { data, errors = [] } = await execute({
        ...defaults,
        schema: generation.schema,
        document: parse(query),
        variableValues: variables,
      });
      return { data, errors: errors.map(shown) };
    },
    async ask(query, variables = {}, viewer = null) {
      const identity = { viewer, subgraphHeaders: {} };
      const acceptance = await acceptOperation(generation, { query, variables }, { policy, identity });
      if (acceptance.kind === 'refused') return { data: undefined, errors: acceptance.errors.map(shown) };
      const caller = { subgraphHeaders: {}, signal: new AbortController().signal };
      const { data, errors } = await generation.execute(acceptance.operation.operation, {
        variables: acceptance.operation.variables,
        caller,
      });
      return { data: data === undefined ? undefined : JSON.parse(data), errors: errors.map(shown) };
    },
  };
}

function withLink(typeDefs: string): string {
  return typeDefs.includes('@link(') || typeDefs.startsWith(federation1) ? typeDefs : link + typeDefs;
}

function shown(error: { message: string; path?: readonly (string | number)[] | undefined; extensions: Record<string, unknown> }) {
  return { message: error.message, path: (error.path ?? []).join('.'), code: error.extensions.code };
}

/** As strict as a subgraph's server: what it is asked must be valid. */
function executableSource(name: string, executable: Universe & { readonly schema: GraphQLSchema }, asked: Asked[]): SubgraphDataSource {
  return answeringSource(async ({ query, operationName, variables }) => {
    asked.push({ subgraph: name, query, variables });
    const document = parse(query);
    const problems = validate(executable.schema, document);
    if (problems.length > 0) throw new Error(`${name} was asked what it cannot answer: ${problems.join('\n')}\n${query}`);
    const known = withObjectTypes(variables, executable);
    const result = await execute({ ...executable, document, operationName, variableValues: known, contextValue: {} });
    const body = { data: result.data ?? null, ...(result.errors === undefined ? {} : { errors: result.errors }) };
    return readWireResult(acrossTheWire(body)) ?? { data: null };
  });
}

/** As `__resolveReference` of an interface does it, where resolvers are not written. */
function withObjectTypes(
  variables: Representation,
  { schema, objectType }: Universe & { readonly schema: GraphQLSchema },
): Record<string, unknown> {
  const { representations } = variables as { readonly representations?: readonly Representation[] };
  if (representations === undefined || objectType === undefined) return { ...variables };
  const typed = representations.map((each) =>
    isInterfaceType(schema.getType(String(each.__typename))) ? { ...each, __typename: objectType(each) } : each,
  );
  return { ...variables, representations: typed };
}
