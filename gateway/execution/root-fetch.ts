import type { FetchNode } from '@apollo/query-planner';
import type { FetchRequest } from '../datasources/subgraph-data-source.js';
import type { WireResult } from '../datasources/wire.js';
import type { ExecutionState } from './execution-state.js';
import { askSource, lazily, pathsOf, pickVariables, renamed, sourceOf, type PlanParts, type Step } from './fetch-parts.js';
import { cloneJson, readOwn, type JsonObject } from '../../shared/json/json-object.js';
import { mergeAnswer } from './merge-answer.js';
import { objectsAt, type PlacePath } from './places.js';
import { responseKeys, unconditionalKeys } from './response-keys.js';
import { compileRewrites, originalNames } from './rewrites.js';
import { compilePlacing, operationError, tellMissing } from './subgraph-errors.js';

/** Takes what a subgraph answered to root fields of the operation. */
export type TakeAnswer = (state: ExecutionState, answer: WireResult) => void;

export function compileRootFetch(node: FetchNode, parts: PlanParts): Step {
  const { operation: query, operationName, variableUsages = [] } = node;
  const source = sourceOf(node.serviceName, parts);
  const take = compileTakeAnswer(node, parts);
  const isAnsweredBy = compileIsAnswered(query);
  return async (state) => {
    const variables = pickVariables(variableUsages, state.variables);
    take(state, await askSource(state, source, { query, operationName, variables, isAnsweredBy }));
  };
}

export function compileTakeAnswer(node: FetchNode, { types }: PlanParts): TakeAnswer {
  const rewrite = compileRewrites(node.outputRewrites, types);
  const names = originalNames(node.outputRewrites);
  const rootPaths = lazily(() => responseKeys(node.operation, false).map((key) => renamed([key], names)));
  const placing = compilePlacing(node.operation);
  return (state, { data, errors: told = [], isMissing = false }) => {
    const errors = placing(told);
    if (isMissing) {
      tellMissing(state, errors, { subgraph: node.serviceName, paths: rootPaths() });
      return;
    }
    for (const error of errors) state.errors.push(operationError(error, node.serviceName, error.path && renamed(error.path, names)));
    if (explainsAll(data, errors)) state.unexplained.push(rootPaths);
    if (data === null) return;
    rewrite?.(data);
    state.version += 1;
    // Most operations begin with one fetch, whose answer is then the whole tree.
    if (isEmpty(state.data)) state.data = data;
    else mergeAnswer(state.data, data, types.objectTypes);
  };
}

/** Root fields that were asked for somewhere below the root, as of a payload that has a field of the type `Query`. */
export function compileFetchBelow(node: FetchNode, path: PlacePath, parts: PlanParts): Step {
  const { operation: query, operationName, serviceName, variableUsages = [] } = node;
  const { types } = parts;
  const source = sourceOf(serviceName, parts);
  const rewrite = compileRewrites(node.outputRewrites, types);
  const names = originalNames(node.outputRewrites);
  const keys = lazily(() => responseKeys(query, false));
  const isAnsweredBy = compileIsAnswered(query);
  const placing = compilePlacing(query);

  return (state) => {
    const objects = objectsAt(state.data, path);
    return objects.length === 0 ? undefined : fetch(state, objects);
  };

  async function fetch(state: ExecutionState, objects: readonly JsonObject[]): Promise<void> {
    const variables = pickVariables(variableUsages, state.variables);
    const {
      data,
      errors: told = [],
      isMissing = false,
    } = await askSource(state, source, { query, operationName, variables, isAnsweredBy });
    const errors = placing(told);
    const paths = () => pathsOf(state.data, path, objects).flatMap((place) => keys().map((key) => [...place, ...renamed([key], names)]));
    if (isMissing) {
      tellMissing(state, errors, { subgraph: serviceName, paths: paths() });
      return;
    }
    if (errors.length > 0) tellErrors(state, objects, errors);
    if (explainsAll(data, errors)) {
      const places = paths();
      state.unexplained.push(() => places);
    }
    if (data === null) return;
    rewrite?.(data);
    state.version += 1;
    objects.forEach((object, index) => mergeAnswer(object, index === objects.length - 1 ? data : cloneJson(data), types.objectTypes));
  }

  function tellErrors(state: ExecutionState, objects: readonly JsonObject[], errors: NonNullable<WireResult['errors']>): void {
    const paths = pathsOf(state.data, path, objects);
    for (const error of errors) {
      if (error.path === undefined) state.errors.push(operationError(error, serviceName, undefined));
      else {
        const below = renamed(error.path, names);
        for (const place of paths) state.errors.push(operationError(error, serviceName, [...place, ...below]));
      }
    }
  }
}

/** Whether an answer has every root field that `query` asks for, whatever its variables. */
function compileIsAnswered(query: string): NonNullable<FetchRequest['isAnsweredBy']> {
  const keys = lazily(() => unconditionalKeys(query));
  return (data) => keys().every((key) => readOwn(data, key) !== undefined);
}

/** Whether the errors are the reason for every null of the answer: one that has no place, or one that left nothing else. */
function explainsAll(data: WireResult['data'], errors: NonNullable<WireResult['errors']>): boolean {
  return errors.length > 0 && (data === null || errors.some(({ path }) => path === undefined));
}

function isEmpty(object: JsonObject): boolean {
  for (const _key in object) return false;
  return true;
}
