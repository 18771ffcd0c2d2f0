import { GraphQLError, Kind, OperationTypeNode, type OperationDefinitionNode } from 'graphql';
import { cloneJson, isJsonObject, readOwn, type JsonObject } from '../../../shared/json/json-object.js';
import type { LaterFetch } from '../../planning/later-fetches.js';
import type { PlannedInParts } from '../../planning/operation-planner.js';
import { readBooleanVariables } from '../../../shared/graphql/documents/boolean-variables.js';
import { beginExecution, type ExecutionRequest } from '../execution-state.js';
import { problemErrors } from '../explain-nulls.js';
import { lazily, type PlanParts, type Step, type StepParts } from '../fetch-parts.js';
import { compileStep } from '../plan-steps.js';
import type { ResponsePath } from '../places.js';
import { responseKeysOf } from '../response-keys.js';
import { createErrorSelection, type ErrorSelection } from '../selected-errors.js';
import { createShaper, type ShaperParts } from '../shaping/operation-shaper.js';
import type { DeferredShape, LaterPart } from '../shaping/shaping-run.js';
import { createEarlyQuestions } from './early-questions.js';
import type { DeferredPart, IncrementalResult } from './incremental-result.js';
import { createPartQueue, type FinishedParts } from './part-queue.js';
import { createPartErrors } from './part-errors.js';

/** Runs operations whose deferred fragments come later. Each plan is compiled on its first run, and kept as long as it is. */
export interface PartsExecutor {
  /** Rejects only when the gateway itself is at fault. */
  execute(planned: PlannedInParts, request: ExecutionRequest): Promise<IncrementalResult>;
}

export function createPartsExecutor(parts: PlanParts & ShaperParts): PartsExecutor {
  const runs = new WeakMap<PlannedInParts, Run>();
  return {
    execute(planned, request) {
      const run = runs.get(planned) ?? compile(planned, parts);
      runs.set(planned, run);
      return run(request);
    },
  };
}

type Run = (request: ExecutionRequest) => Promise<IncrementalResult>;

/** What is fetched for a label. */
interface LaterStep {
  readonly step: Step;
  readonly errors: ErrorSelection;
  readonly dependsOn: readonly string[];
}

/** What is known when a part begins. */
interface Before {
  readonly data: JsonObject;
  /** What went wrong with it. */
  readonly known: readonly GraphQLError[];
}

/** A deferred fragment of an object that is there. */
interface Instance {
  readonly shape: DeferredShape;
  readonly path: ResponsePath;
}

function compile(planned: PlannedInParts, parts: PlanParts & ShaperParts): Run {
  const { document, first, later, labels } = planned;
  const operation = operationOf(planned);
  const { schema } = parts;
  const booleans = readBooleanVariables(document, operation);
  const askedKeys = lazily(() => responseKeysOf(document));
  const deferred = new Set(later.keys());
  const fetches = new Map<string, number>();
  const stepParts: StepParts = {
    ...parts,
    isTrue: booleans.isTrue,
    isAsked: (key) => askedKeys().has(key),
    onCompiled: (id) => fetches.set(id, (fetches.get(id) ?? 0) + 1),
  };
  const compileNode = ({ node, dependsOn }: Partial<LaterFetch>): LaterStep => ({
    step: node === undefined ? () => undefined : compileStep(node, [], stepParts),
    errors: createErrorSelection({ schema, document, node, booleans, deferred }),
    dependsOn: dependsOn ?? [],
  });
  const firstStep = compileNode(first === undefined ? {} : { node: first });
  const laterSteps = new Map([...later].map(([label, fetch]) => [label, compileNode(fetch)]));
  // What a mutation is about to change is not asked for before.
  const isQuery = operation.operation === OperationTypeNode.QUERY;
  const shaper = createShaper({ ...parts, deferred }, document, operation, booleans);

  return async (request) => {
    const { variables } = request;
    const queue = createPartQueue();
    const early = isQuery ? createEarlyQuestions({ request, fetches, steps: laterSteps }) : undefined;
    const state = beginExecution(request);
    early?.watch(state);
    await firstStep.step(state);
    const shaped = shaper.shape(state.data, variables);
    const place = { object: state.data, type: shaper.root, selectionSet: operation.selectionSet, path: [] };
    const errors = firstStep.errors.select(state.errors, place, variables);
    begin(instancesOf(shaped.later, []), state.data, state.errors);
    return {
      first: { data: shaped.text, errors: [...errors, ...problemErrors(shaped.problems, { errors, unexplained: state.unexplained })] },
      plan: planned.plan,
      hasNext: queue.hasNext(),
      next: queue.next,
    };

    /** `data` is what is known so far, and `known` are the errors of that. */
    function begin(instances: readonly Instance[], data: JsonObject, known: readonly GraphQLError[]): void {
      const byLabel = new Map<string, Instance[]>();
      for (const each of instances) {
        const those = byLabel.get(each.shape.label);
        if (those === undefined) byLabel.set(each.shape.label, [each]);
        else those.push(each);
      }
      let left = byLabel.size;
      for (const [label, those] of byLabel) {
        const step = laterSteps.get(label);
        left -= 1;
        // Each has data of its own: two that fetch the same list may be given different ones.
        if (step !== undefined) queue.add(finish(label, step, those, { data: left === 0 ? data : cloneJson(data), known }));
      }
    }

    async function finish(label: string, step: LaterStep, instances: readonly Instance[], before: Before): Promise<FinishedParts> {
      try {
        return await run(label, step, instances, before);
      } catch (error) {
        return {
          parts: instances.map(({ shape, path }) => failedPart(labels.get(shape.label), path, error)),
          beginWithin: () => undefined,
        };
      }
    }

    async function run(label: string, step: LaterStep, instances: readonly Instance[], { data, known }: Before): Promise<FinishedParts> {
      const objects = instances.map(({ path }) => objectAt(data, path));
      const own = beginExecution(early === undefined ? request : { ...request, ask: early.askFor(label) }, data);
      early?.watch(own);
      await step.step(own);
      const within: Instance[] = [];
      const errorsOf = createPartErrors({ own: own.errors, known }, step.errors, variables);
      const parts = instances.flatMap(({ shape, path }, index): DeferredPart[] => {
        const object = path.length === 0 ? own.data : objects[index];
        if (object === undefined) return [];
        const { text, problems, later: nested } = shaper.shapePart(shape, object, variables);
        within.push(...instancesOf(nested, path));
        const at = { object, type: shape.type, selectionSet: shape.selectionSet, path };
        const selected = errorsOf(at, index === 0);
        const unshown = problemErrors(problems, { errors: selected, unexplained: own.unexplained, path });
        if (text === '{}' && selected.length === 0) return [];
        return [{ label: labels.get(shape.label), path, data: text, errors: [...selected, ...unshown] }];
      });
      return { parts, beginWithin: () => begin(within, own.data, [...known, ...own.errors]) };
    }
  };
}

function failedPart(label: string | undefined, path: ResponsePath, error: unknown): DeferredPart {
  const originalError = error instanceof Error ? error : new Error(String(error));
  return { label, path, data: 'null', errors: [new GraphQLError(originalError.message, { path, originalError })] };
}

function instancesOf(later: readonly LaterPart[], above: ResponsePath): Instance[] {
  return later.map(({ part, path }) => ({ shape: part, path: [...above, ...path.toReversed()] }));
}

function objectAt(data: JsonObject, path: ResponsePath): JsonObject | undefined {
  let value: unknown = data;
  for (const step of path) {
    if (typeof step === 'number') value = Array.isArray(value) ? value[step] : undefined;
    else value = isJsonObject(value) ? readOwn(value, step) : undefined;
  }
  return isJsonObject(value) ? value : undefined;
}

function operationOf({ document }: PlannedInParts): OperationDefinitionNode {
  for (const definition of document.definitions) if (definition.kind === Kind.OPERATION_DEFINITION) return definition;
  throw new Error('The document has no operation');
}
