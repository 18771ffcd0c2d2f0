import type { FetchNode, PlanNode, QueryPlan } from '@apollo/query-planner';
import { getOperationAST, type DocumentNode } from 'graphql';
import type { FetchRequest, SubgraphDataSource } from '../datasources/subgraph-data-source.js';
import type { WireResult } from '../datasources/wire.js';
import { readBooleanVariables } from '../../shared/graphql/documents/boolean-variables.js';
import { beginExecution, type ExecutionRequest, type ExecutionState } from './execution-state.js';
import { problemErrors } from './explain-nulls.js';
import { lazily, pickVariables, sourceOf, type PlanParts, type Step } from './fetch-parts.js';
import type { OperationResult } from './operation-result.js';
import { compileStep } from './plan-steps.js';
import { responseKeysOf } from './response-keys.js';
import { compileTakeAnswer } from './root-fetch.js';
import { createErrorSelection } from './selected-errors.js';
import { createShaper, type ShaperParts } from './shaping/operation-shaper.js';

/** A plan, and the document whose answer it makes. */
export interface Planned extends QueryPlan {
  readonly document: DocumentNode;
}

/** Runs the plans of one generation. Each is compiled on its first run, and kept as long as `planned` is. */
export interface OperationExecutor {
  /** Rejects only when the gateway itself is at fault. */
  execute(planned: Planned, operationName: string | undefined, request: ExecutionRequest): Promise<OperationResult>;
  subscription(planned: Planned, operationName: string | undefined): CompiledSubscription;
}

export interface CompiledSubscription {
  /** The subgraph of the root field. */
  readonly owner: SubgraphDataSource;
  /** What `owner` is asked. */
  readonly upstream: (variables: Readonly<Record<string, unknown>>) => FetchRequest;
  /** Completes an event from all subgraphs. `event` becomes part of the result: each call must get its own, unless `isReadOnly`. */
  readonly complete: (event: WireResult, request: ExecutionRequest) => Promise<OperationResult>;
  /** Whether events are read and left as they are. */
  readonly isReadOnly: boolean;
}

const nothingToDo: Step = () => undefined;

export function createOperationExecutor(parts: ExecutorParts): OperationExecutor {
  const plans = new WeakMap<Planned, Run>();
  const subscriptions = new WeakMap<Planned, CompiledSubscription>();
  return {
    async execute(planned, operationName, request) {
      let run = plans.get(planned);
      if (run === undefined) {
        const { node, document } = planned;
        if (node?.kind === 'Subscription') throw new Error('Subscriptions are executed event by event');
        run = compile({ document, operationName, node }, parts);
        plans.set(planned, run);
      }
      return run(beginExecution(request));
    },
    subscription(planned, operationName) {
      const compiled = subscriptions.get(planned) ?? compileSubscription(planned, operationName, parts);
      subscriptions.set(planned, compiled);
      return compiled;
    },
  };
}

export type ExecutorParts = PlanParts & ShaperParts;
type Run = (state: ExecutionState) => Promise<OperationResult>;

interface Compilable {
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly node: PlanNode | undefined;
}

function compile({ document, operationName, node }: Compilable, parts: ExecutorParts): Run {
  const operation = getOperationAST(document, operationName);
  if (operation === null || operation === undefined) throw new Error('The document has no such operation');
  const booleans = readBooleanVariables(document, operation);
  const askedKeys = lazily(() => responseKeysOf(document));
  const { select } = createErrorSelection({ schema: parts.schema, document, node, booleans });
  const { shape, root: type } = createShaper(parts, document, operation, booleans);
  const step =
    node === undefined ? nothingToDo : compileStep(node, [], { ...parts, isTrue: booleans.isTrue, isAsked: (key) => askedKeys().has(key) });
  return async (state) => {
    const running = step(state);
    if (running !== undefined) await running;
    const { text, problems } = shape(state.data, state.variables);
    const errors = select(state.errors, { object: state.data, type, selectionSet: operation.selectionSet, path: [] }, state.variables);
    return {
      data: text,
      errors: problems.length === 0 ? errors : [...errors, ...problemErrors(problems, { errors, unexplained: state.unexplained })],
    };
  };
}

/**
 * The planner gives `Subscription { primary, rest }`: `primary` is subscribed on the subgraph that owns the root field, and each event is
 * taken as its answer, before `rest`.
 */
function compileSubscription({ node, document }: Planned, operationName: string | undefined, parts: ExecutorParts): CompiledSubscription {
  if (node?.kind !== 'Subscription') throw new Error('The planner gave no plan for the subscription');
  const { primary, rest } = node;
  const owner = sourceOf(primary.serviceName, parts);
  const take = compileTakeAnswer(primary, parts);
  const run = compile({ document, operationName, node: rest }, parts);
  return {
    owner,
    upstream: (variables) => ({
      query: primary.operation,
      operationName: primary.operationName,
      variables: pickVariables(primary.variableUsages ?? [], variables),
    }),
    complete(event, request) {
      const state = beginExecution(request);
      take(state, event);
      return run(state);
    },
    isReadOnly: rest === undefined && !hasRewrites(primary),
  };
}

function hasRewrites({ outputRewrites = [] }: FetchNode): boolean {
  return outputRewrites.length > 0;
}
