import { assertValidSchema, execute, type DocumentNode, type ExecutionResult, type GraphQLError, type GraphQLSchema } from 'graphql';
import { acrossTheWire } from '../../json/json-object.js';
import type { ExecuteOperation } from './compile-operation.js';
import { openOperation, type OperationChoices } from './operation-choices.js';
import { createFieldErrors, isPromise, type Run } from './run.js';

export interface ExecutedOperation {
  /** Parsed, and valid for the schema. What is compiled is kept as long as this object is. */
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  /** As JSON. */
  readonly variableValues?: Readonly<Record<string, unknown>> | null | undefined;
  readonly contextValue?: unknown;
  readonly rootValue?: unknown;
}

/**
 * Executes queries and mutations with the resolvers, results and errors of graphql-js' `execute()` for a fraction of its cost: what a
 * document selects, and how its values are completed, is found out once and not for every object (ADR 36). `data` is JSON: plain objects
 * that share nothing with what the resolvers gave. Throws, or rejects, only where `execute()` would throw.
 */
export type Execute = (operation: ExecutedOperation) => ExecutionResult | Promise<ExecutionResult>;

export function createExecute(schema: GraphQLSchema): Execute {
  assertValidSchema(schema);
  const opened = new WeakMap<DocumentNode, Map<string | undefined, OperationChoices | undefined>>();

  function find({ document, operationName }: ExecutedOperation): OperationChoices | undefined {
    const operations = opened.get(document) ?? new Map<string | undefined, OperationChoices | undefined>();
    opened.set(document, operations);
    const name = operationName ?? undefined;
    if (!operations.has(name)) operations.set(name, openOperation(schema, document, operationName));
    return operations.get(name);
  }

  return (asked) => {
    const operation = find(asked);
    if (operation === undefined) return executeUncompiled(schema, asked);
    const variables = operation.coerceVariables(asked.variableValues ?? {});
    if ('errors' in variables) return { errors: variables.errors };
    const chosen = operation.choose(variables.values);
    if (chosen === undefined) return executeUncompiled(schema, asked);
    const { contextValue, rootValue } = asked;
    return run(chosen, {
      contextValue,
      rootValue,
      variableValues: variables.values,
      errors: createFieldErrors(),
      arguments: new Map(),
    });
  };
}

function run(operation: ExecuteOperation, state: Run): ExecutionResult | Promise<ExecutionResult> {
  const answered = (data: unknown): ExecutionResult => {
    const { list: errors } = state.errors;
    return errors.length === 0 ? { data: data as Data } : { errors, data: data as Data };
  };
  const failed = (error: unknown): ExecutionResult => {
    // Every field has put its own place on what it throws.
    state.errors.add(error as GraphQLError, undefined);
    return answered(null);
  };
  try {
    const data = operation(state);
    return isPromise(data) ? Promise.resolve(data.then(answered, failed)) : answered(data);
  } catch (error) {
    return failed(error);
  }
}

type Data = Record<string, unknown> | null;

async function executeUncompiled(schema: GraphQLSchema, asked: ExecutedOperation): Promise<ExecutionResult> {
  const result = await execute({
    schema,
    ...asked,
    variableValues: asked.variableValues ?? null,
    operationName: asked.operationName ?? null,
  });
  return result.data === undefined ? result : { ...result, data: acrossTheWire(result.data) as Data };
}
