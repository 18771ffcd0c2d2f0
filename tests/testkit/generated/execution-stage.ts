import type { FetchRequest, SubgraphDataSource } from '../../../gateway/datasources/subgraph-data-source.js';
import type { WireResult } from '../../../gateway/datasources/wire.js';
import { createGeneration, type GenerationOptions, type SupergraphGeneration } from '../../../gateway/supergraph/generation.js';
import { defaultOperationLimits } from '../../../gateway/policy/operation-limits.js';
import type { IncrementalResult } from '../../../gateway/execution/deferred/incremental-result.js';
import type { ParsedOperation } from '../../../gateway/operations/operation-store.js';
import { compose } from '../gateway/little-supergraph.js';
import { federated } from './supergraphs.js';

export type Answer = (request: FetchRequest) => unknown;

export interface ExecutionStage {
  readonly generation: SupergraphGeneration;
  /** What subgraphs were asked, oldest first. */
  readonly asked: { readonly subgraph: string; readonly query: string; readonly variables: Readonly<Record<string, unknown>> }[];
  run(source: string, variables?: Readonly<Record<string, unknown>>): Promise<StageResult>;
  /** For a client that takes deferred fragments later; undefined when all comes at once. */
  runInParts(source: string, variables?: Readonly<Record<string, unknown>>): Promise<IncrementalResult> | undefined;
}

export interface StageResult {
  readonly data: unknown;
  readonly text: string | undefined;
  readonly errors: readonly { readonly message: string; readonly path: readonly (string | number)[] | undefined; readonly code: unknown }[];
}

/** A supergraph whose subgraphs answer what the test says. */
export function createExecutionStage(
  subgraphs: Readonly<Record<string, { readonly typeDefs: string; readonly answer: Answer }>>,
  options: GenerationOptions = {},
): ExecutionStage {
  const asked: ExecutionStage['asked'] = [];
  const typeDefs = Object.fromEntries(Object.entries(subgraphs).map(([name, subgraph]) => [name, subgraph.typeDefs]));
  const source = ({ name }: { readonly name: string }): SubgraphDataSource => {
    const answering: Partial<SubgraphDataSource> = {
      async fetch(request) {
        asked.push({ subgraph: name, query: request.query, variables: request.variables });
        const answer = await subgraphs[name]?.answer(request);
        // As from a network: nothing is shared, and `__proto__` is a key like any other.
        return JSON.parse(typeof answer === 'string' ? answer : JSON.stringify(answer)) as WireResult;
      },
    };
    return answering as SubgraphDataSource;
  };
  const generation = createGeneration(compose(federated(typeDefs)), source, options);
  function accept(source: string): ParsedOperation {
    const parsed = generation.operations.parse(source, undefined, defaultOperationLimits);
    if (parsed.kind === 'refused') throw new Error(parsed.errors.join());
    const problems = parsed.operation.validate();
    if (problems.length > 0) throw new Error(problems.join());
    return parsed.operation;
  }
  const caller = () => ({ subgraphHeaders: {}, signal: new AbortController().signal });

  return {
    generation,
    asked,
    async run(source, variables = {}) {
      const { data, errors } = await generation.execute(accept(source), { variables, caller: caller() });
      return {
        text: data,
        data: data === undefined ? undefined : (JSON.parse(data) as unknown),
        errors: errors.map(({ message, path, extensions }) => ({ message, path, code: extensions.code })),
      };
    },
    runInParts: (source, variables = {}) => generation.executeInParts(accept(source), { variables, caller: caller(), mayRun: () => true }),
  };
}

/** The entities that a request asks for. */
export function representationsOf({ variables }: FetchRequest): readonly Readonly<Record<string, unknown>>[] {
  return variables.representations as readonly Readonly<Record<string, unknown>>[];
}
