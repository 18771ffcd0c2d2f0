import type { FetchNode } from '@apollo/query-planner';
import type { FetchRequest, SubgraphDataSource } from '../datasources/subgraph-data-source.js';
import type { ExecutionState } from './execution-state.js';
import { cloneJson, isJsonObject, type JsonObject } from './json.js';
import { mergeAnswer } from './merge-answer.js';
import { objectsAt, placesAt, type PlacePath, type ResponsePath } from './places.js';
import { compileRepresent } from './representations.js';
import { compileRewrites, originalNames } from './rewrites.js';
import { responseKeys } from './response-keys.js';
import { operationError } from './subgraph-errors.js';
import type { TypeIndex } from './type-index.js';
import type { WireResult } from '../datasources/wire.js';

/** A step of a plan, compiled. Undefined when it is done already. Never rejects but for faults of the gateway. */
export type Step = (state: ExecutionState) => Promise<void> | undefined;

export interface PlanParts {
  readonly services: ReadonlyMap<string, SubgraphDataSource>;
  readonly types: TypeIndex;
}

/** Takes what a subgraph answered to the root fields of an operation. */
export function compileRootAnswer(
  node: FetchNode,
  { types }: Pick<PlanParts, 'types'>,
): (state: ExecutionState, answer: WireResult) => void {
  const rewrite = compileRewrites(node.outputRewrites, types);
  const names = originalNames(node.outputRewrites);
  const keys = lazily(() => responseKeys(node.operation, false));
  return (state, { data, errors }) => {
    if (errors !== undefined && errors.length > 0) {
      for (const error of errors) state.errors.push(operationError(error, node.serviceName, error.path && rename(error.path, names)));
      if (errors.some(({ path }) => path === undefined)) state.unexplained.push(() => keys().map((key) => [key]));
    }
    if (data === null) return;
    rewrite?.(data);
    // Most operations begin with one fetch, whose answer is then the whole tree.
    if (isEmpty(state.data)) state.data = data;
    else mergeAnswer(state.data, data, types.objectTypes);
  };
}

/** `path`: where the objects are that it is about. */
export function compileFetch(node: FetchNode, path: PlacePath, parts: PlanParts): Step {
  const source = parts.services.get(node.serviceName);
  if (source === undefined) throw new Error(`No data source for the subgraph "${node.serviceName}"`);
  if (node.requires !== undefined) return compileEntityFetch(node, node.requires, path, source, parts);
  return path.length === 0 ? compileRootFetch(node, source, parts) : compileFetchBelow(node, path, source, parts);
}

function compileRootFetch(node: FetchNode, source: SubgraphDataSource, parts: PlanParts): Step {
  const { operation: query, operationName, variableUsages = [] } = node;
  const take = compileRootAnswer(node, parts);
  return async (state) => {
    const variables = pickVariables(variableUsages, state.variables);
    take(state, await askSource(state, source, { query, operationName, variables }));
  };
}

/** Root fields that were asked for somewhere below the root, as of a payload that has a field of the type `Query`. */
function compileFetchBelow(node: FetchNode, path: PlacePath, source: SubgraphDataSource, { types }: PlanParts): Step {
  const { operation: query, operationName, serviceName, variableUsages = [] } = node;
  const rewrite = compileRewrites(node.outputRewrites, types);
  const names = originalNames(node.outputRewrites);
  const keys = lazily(() => responseKeys(query, false));

  return (state) => {
    const objects = objectsAt(state.data, path);
    return objects.length === 0 ? undefined : fetch(state, objects);
  };

  async function fetch(state: ExecutionState, objects: readonly JsonObject[]): Promise<void> {
    const variables = pickVariables(variableUsages, state.variables);
    const { data, errors } = await askSource(state, source, { query, operationName, variables });
    if (errors !== undefined) {
      const paths = pathsOf(state.data, path, objects);
      for (const error of errors) {
        const at = error.path && rename(error.path, names);
        if (at === undefined) state.errors.push(operationError(error, serviceName, undefined));
        else for (const place of paths) state.errors.push(operationError(error, serviceName, [...place, ...at]));
      }
      if (errors.some((error) => error.path === undefined)) {
        state.unexplained.push(() => paths.flatMap((place) => keys().map((key) => [...place, key])));
      }
    }
    if (data === null) return;
    rewrite?.(data);
    objects.forEach((object, index) => mergeAnswer(object, index === objects.length - 1 ? data : cloneJson(data), types.objectTypes));
  }
}

function compileEntityFetch(
  node: FetchNode,
  requires: NonNullable<FetchNode['requires']>,
  path: PlacePath,
  source: SubgraphDataSource,
  { types }: PlanParts,
): Step {
  const { operation: query, operationName, serviceName, variableUsages = [] } = node;
  if (variableUsages.includes('representations'))
    throw new Error('A variable named "representations" would clash with the one of entity fetches');
  const represent = compileRepresent(requires, types);
  const rewriteInput = compileRewrites(node.inputRewrites, types);
  const rewriteOutput = compileRewrites(node.outputRewrites, types);
  const names = originalNames(node.outputRewrites);
  const keys = lazily(() => responseKeys(query, true));

  return (state) => {
    const objects = objectsAt(state.data, path);
    if (objects.length === 0) return undefined;
    const asked = representAll(objects);
    return asked.representations.length === 0 ? undefined : fetch(state, asked);
  };

  /** Equal representations are sent once. */
  function representAll(objects: readonly JsonObject[]): Asked {
    const representations: JsonObject[] = [];
    const meant: JsonObject[] = [];
    const indices: number[] = [];
    const byText = new Map<string, number>();
    for (const object of objects) {
      const representation = represent(object);
      if (representation === undefined) continue;
      rewriteInput?.(representation);
      const text = JSON.stringify(representation);
      let index = byText.get(text);
      if (index === undefined) {
        index = representations.push(representation) - 1;
        byText.set(text, index);
      }
      meant.push(object);
      indices.push(index);
    }
    return { representations, objects: meant, indices };
  }

  async function fetch(state: ExecutionState, asked: Asked): Promise<void> {
    const variables = { ...pickVariables(variableUsages, state.variables), representations: asked.representations };
    const { data, errors } = await askSource(state, source, { query, operationName, variables });
    if (errors !== undefined) tellErrors(state, asked, errors);
    const entities = data?._entities;
    if (Array.isArray(entities) && entities.length === asked.representations.length) mergeEntities(asked, entities);
    else if (errors === undefined) {
      tellErrors(state, asked, [
        { message: `The subgraph "${serviceName}" did not answer with one entity for each that it was asked for` },
      ]);
    }
  }

  function tellErrors(
    state: ExecutionState,
    { objects, indices, representations }: Asked,
    errors: NonNullable<WireResult['errors']>,
  ): void {
    const paths = pathsOf(state.data, path, objects);
    let hasUnplaced = false;
    for (const error of errors) {
      const [first, entity, ...rest] = error.path ?? [];
      const isPlaced = first === '_entities' && typeof entity === 'number' && entity in representations;
      if (isPlaced) {
        const below = rename(rest, names);
        paths.forEach((place, index) => {
          if (indices[index] === entity) state.errors.push(operationError(error, serviceName, [...place, ...below]));
        });
      } else {
        hasUnplaced = true;
        state.errors.push(operationError(error, serviceName, undefined));
      }
    }
    if (hasUnplaced) state.unexplained.push(() => paths.flatMap((place) => keys().map((key) => [...place, key])));
  }

  function mergeEntities({ objects, indices, representations }: Asked, entities: readonly unknown[]): void {
    const isShared = representations.length < objects.length;
    for (const [position, object] of objects.entries()) {
      const received = entities[indices[position] ?? -1];
      if (!isJsonObject(received)) continue;
      // Each place gets its own: what other fetches add below may differ.
      const entity = isShared ? cloneJson(received) : received;
      if (rewriteOutput !== undefined) {
        entity.__typename ??= object.__typename;
        rewriteOutput(entity);
      }
      mergeAnswer(object, entity, types.objectTypes);
    }
  }
}

/** A source never rejects; should one do, the operation goes on without what it would have said. */
async function askSource(state: ExecutionState, source: SubgraphDataSource, request: FetchRequest): Promise<WireResult> {
  try {
    return await state.ask(source, request, state.caller);
  } catch (error) {
    return { data: null, errors: [{ message: String(error), extensions: { code: 'INTERNAL_SERVER_ERROR' } }] };
  }
}

interface Asked {
  readonly representations: readonly JsonObject[];
  /** Those that were represented, with the index of their representation at the same position of `indices`. */
  readonly objects: readonly JsonObject[];
  readonly indices: readonly number[];
}

export function pickVariables(names: readonly string[], variables: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const name of names) {
    if (Object.hasOwn(variables, name) && variables[name] !== undefined) picked[name] = variables[name];
  }
  return picked;
}

/** Where `objects` are, in their order. */
function pathsOf(data: JsonObject, path: PlacePath, objects: readonly JsonObject[]): ResponsePath[] {
  const paths = new Map(placesAt(data, path).map((place) => [place.object, place.path]));
  return objects.map((object) => paths.get(object) ?? path);
}

function rename(path: ResponsePath, names: ReadonlyMap<string, string>): ResponsePath {
  return names.size === 0 ? path : path.map((part) => (typeof part === 'string' ? (names.get(part) ?? part) : part));
}

function isEmpty(object: JsonObject): boolean {
  for (const _key in object) return false;
  return true;
}

function lazily<Value extends object>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}
