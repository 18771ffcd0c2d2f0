import type { OperationResult } from '../execution/operation-result.js';
import type { ParsedOperation } from '../operations/operation-store.js';
import type { ToClient } from './client-shape.js';
import type { PlannedOperation } from './operation-planner.js';

/** What is executed for an operation of a client, and how its answer becomes the client's. */
export interface RunnableOperation {
  /** The client's own for nearly all; the same value each time. */
  readonly operation: ParsedOperation;
  readonly planned: PlannedOperation;
  readonly toClient: ToClient | undefined;
}

/** `activeLabels`: labels of progressive `@override`s that count for this request. */
export type ToRunnable = (activeLabels?: ReadonlySet<string>) => RunnableOperation;

/** Requests of one operation that differ in their labels keep so many plans. */
const capacity = 32;
const none: ReadonlySet<string> = new Set();

/** Plans once for each set of labels; what `plan` throws, it throws again. */
export function rememberRunnables(plan: (activeLabels: ReadonlySet<string>) => PlannedOperation, own: () => ParsedOperation): ToRunnable {
  const known = new Map<string, () => RunnableOperation>();
  return (activeLabels = none) => {
    const key = activeLabels.size === 0 ? '' : [...activeLabels].sort().join('\n');
    const runnable = known.get(key) ?? attempt(() => toRunnable(plan(activeLabels), own(), key === ''));
    if (known.size >= capacity && !known.has(key)) known.delete(known.keys().next().value ?? '');
    known.set(key, runnable);
    return runnable();
  };
}

/** Runs what stands for `operation` and gives the answer to what the client wrote. */
export async function runInClientShape(
  { operation, toClient }: RunnableOperation,
  variables: Readonly<Record<string, unknown>>,
  run: (operation: ParsedOperation) => Promise<OperationResult>,
): Promise<OperationResult> {
  const result = await run(operation);
  return toClient === undefined ? result : toClient(result, variables);
}

function toRunnable(planned: PlannedOperation, own: ParsedOperation, isOwnPlan: boolean): RunnableOperation {
  const { document, toClient } = planned;
  const isOwn = isOwnPlan && document === own.document;
  return { operation: isOwn ? own : { ...own, document, plan: () => planned }, planned, toClient };
}

function attempt<T>(make: () => T): () => T {
  try {
    const value = make();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
