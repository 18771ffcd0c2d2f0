import type { FetchRequest, SubgraphDataSource } from '../../../gateway/datasources/subgraph-data-source.js';
import type { WireResult } from '../../../gateway/datasources/wire.js';
import { createGeneration, type SupergraphGeneration } from '../../../gateway/supergraph/generation.js';
import { defaultOperationLimits } from '../../../gateway/policy/operation-limits.js';
import { compose } from '../little-supergraph.js';
import { federated } from './supergraphs.js';

export type Answer = (request: FetchRequest) => unknown;

export interface ExecutionStage {
  readonly generation: SupergraphGeneration;
  /** What subgraphs were asked, oldest first. */
  readonly asked: { readonly subgraph: string; readonly query: string; readonly variables: Readonly<Record<string, unknown>> }[];
  run(source: string, variables?: Readonly<Record<string, unknown>>): Promise<StageResult>;
}

export interface StageResult {
  readonly data: unknown;
  readonly text: string | undefined;
  readonly errors: readonly { readonly message: string; readonly path: readonly (string | number)[] | undefined; readonly code: unknown }[];
}

/** A supergraph whose subgraphs answer what the test says. */
export function createExecutionStage(
  subgraphs: Readonly<Record<string, { readonly typeDefs: string; readonly answer: Answer }>>,
): ExecutionStage {
  const asked: ExecutionStage['asked'] = [];
  const typeDefs = Object.fromEntries(Object.entries(subgraphs).map(([name, subgraph]) => [name, subgraph.typeDefs]));
  const generation = createGeneration(compose(federated(typeDefs)), ({ name }) => {
    const source: Partial<SubgraphDataSource> = {
      async fetch(request) {
        asked.push({ subgraph: name, query: request.query, variables: request.variables });
        const answer = await subgraphs[name]?.answer(request);
        // As from a network: nothing is shared, and `__proto__` is a key like any other.
        return JSON.parse(typeof answer === 'string' ? answer : JSON.stringify(answer)) as WireResult;
      },
    };
    return source as SubgraphDataSource;
  });
  return {
    generation,
    asked,
    async run(source, variables = {}) {
      const parsed = generation.operations.parse(source, undefined, defaultOperationLimits);
      if (parsed.kind === 'refused') throw new Error(parsed.errors.join());
      const problems = parsed.operation.validate();
      if (problems.length > 0) throw new Error(problems.join());
      const caller = { subgraphHeaders: {}, signal: new AbortController().signal };
      const { data, errors } = await generation.execute(parsed.operation, { variables, caller });
      return {
        text: data,
        data: data === undefined ? undefined : (JSON.parse(data) as unknown),
        errors: errors.map(({ message, path, extensions }) => ({ message, path, code: extensions.code })),
      };
    },
  };
}

/** The entities that a request asks for. */
export function representationsOf({ variables }: FetchRequest): readonly Readonly<Record<string, unknown>>[] {
  return variables.representations as readonly Readonly<Record<string, unknown>>[];
}
