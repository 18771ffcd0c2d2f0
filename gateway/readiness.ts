import type { DependencyStatus } from '../shared/graphql/subgraph.js';
import { checkDependency } from '../shared/http/health.js';
import type { SubgraphDataSource } from './datasources/subgraph-data-source.js';
import type { ReadyRequires } from './readiness-variable.js';
import type { SupergraphGeneration } from './supergraph/generation.js';

/** For one check, in ms. */
const timeoutMs = 2_000;
/** Who may ask for readiness may ask often: the subgraphs are asked no more often than this, in ms. */
const keptMs = 1_000;

/** Asks every subgraph of the supergraph that is served for its `__typename`, the one question that any subgraph answers. */
export function checkSubgraphs(
  supergraph: { current(): Pick<SupergraphGeneration, 'services'> },
  required: ReadyRequires = 'all',
): Promise<DependencyStatus[]> {
  return Promise.all(
    [...supergraph.current().services].map(async ([name, source]) => asRequired(await checkSubgraph(name, source), name, required)),
  );
}

/** `status` of `subgraph`, or of something that it depends on. */
export function asRequired(status: DependencyStatus, subgraph: string, required: ReadyRequires): DependencyStatus {
  return required === 'all' || required.has(subgraph) ? status : { ...status, isRequired: false };
}

/** `check` with its latest result kept for a second. All who ask meanwhile wait for the same. `check` must not reject. */
export function keptForASecond<Result>(check: () => Promise<Result>, now = () => performance.now()): () => Promise<Result> {
  let latest: { readonly result: Promise<Result>; readonly until: number } | undefined;
  return () => {
    if (latest === undefined || now() >= latest.until) latest = { result: check(), until: now() + keptMs };
    return latest.result;
  };
}

async function checkSubgraph(name: string, source: SubgraphDataSource): Promise<DependencyStatus> {
  const controller = new AbortController();
  const status = await checkDependency(
    name,
    async () => {
      const caller = { subgraphHeaders: {}, signal: controller.signal, deadline: performance.now() + timeoutMs * 2 };
      const { errors = [] } = await source.fetch({ query: '{ __typename }', operationName: undefined, variables: {} }, caller);
      if (errors.length > 0) throw new Error(`${name} answers with errors`);
    },
    { timeoutMs },
  );
  // It may have been given up by now; the subgraph need not go on.
  controller.abort();
  const circuit = source.circuit?.() ?? { kind: 'closed' };
  if (status.ok || circuit.kind === 'closed') return status;
  return { ...status, error: `left alone since ${new Date(circuit.since).toISOString()}: ${circuit.cause}` };
}
