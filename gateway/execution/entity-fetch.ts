import type { FetchNode } from '@apollo/query-planner';
import type { EntityQuestions, FetchRequest } from '../datasources/subgraph-data-source.js';
import { unavailable, type WireResult } from '../datasources/wire.js';
import { compileContexts, type ContextValues, type Contexts } from './contexts.js';
import type { AskedEntities, ExecutionState } from './execution-state.js';
import { askSource, lazily, pathsOf, pickVariables, renamed, sourceOf, type Step, type StepParts } from './fetch-parts.js';
import { cloneJson, isJsonObject, type JsonObject } from '../../shared/json/json-object.js';
import { mergeAnswer } from './merge-answer.js';
import { lineagesAt, objectsAt, type PlacePath, type ResponsePath } from './places.js';
import { compileRepresentText } from './represent-text.js';
import { entityKeysByType, responseKeys } from './response-keys.js';
import { compileRewrites, originalNames } from './rewrites.js';
import { compilePlacing, operationError, tellMissing } from './subgraph-errors.js';

type Document = Pick<FetchRequest, 'query' | 'operationName' | 'given'>;

/** A class, because V8 gives each object with a getter of its own a hidden class of its own: a third of the time went into clearing them away. */
class EntityRequest implements FetchRequest, EntityQuestions {
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variablesText: string;
  readonly othersText: string;
  readonly given: FetchRequest['given'];

  readonly #asked: Pick<AskedEntities, 'text' | 'byText'>;

  constructor({ query, operationName, given }: Document, othersText: string, asked: Pick<AskedEntities, 'text' | 'byText'>) {
    this.query = query;
    this.operationName = operationName;
    this.variablesText = `${othersText === '{}' ? '{' : `${othersText.slice(0, -1)},`}"representations":[${asked.text}]}`;
    this.othersText = othersText;
    this.given = given;
    this.#asked = asked;
  }

  get entities(): EntityQuestions {
    return this;
  }

  get representations(): readonly string[] {
    return [...this.#asked.byText.keys()];
  }

  about(representations: readonly string[]): FetchRequest {
    const byText = new Map(representations.map((text, index) => [text, index]));
    return new EntityRequest(this, this.othersText, { text: representations.join(','), byText });
  }

  get variables(): Record<string, unknown> {
    return JSON.parse(this.variablesText) as Record<string, unknown>;
  }

  isAnsweredBy({ _entities: entities }: Readonly<Record<string, unknown>>): boolean {
    return Array.isArray(entities) && entities.length === this.#asked.byText.size;
  }
}

/** Fields that a subgraph adds to objects at `path`, which it finds by what they `require`. */
export function compileEntityFetch(node: FetchNode, requires: NonNullable<FetchNode['requires']>, path: PlacePath, parts: StepParts): Step {
  const { operation: query, operationName, serviceName, variableUsages = [] } = node;
  const { types, isAsked = () => true } = parts;
  const source = sourceOf(serviceName, parts);
  if (variableUsages.includes('representations'))
    throw new Error('A variable named "representations" would clash with that of the entities');
  const represent = compileRepresentText(requires, node.inputRewrites, types);
  // Fetches that begin together often ask about the same objects by the same keys.
  const questionKey = JSON.stringify([path, requires, node.inputRewrites]);
  const rewrite = compileRewrites(node.outputRewrites, types);
  const names = originalNames(node.outputRewrites);
  const keys = lazily(() => responseKeys(query, true));
  const keysByType = lazily(() => entityKeysByType(query));
  const placing = compilePlacing(query);
  const contexts = compileContexts(node, parts);
  const usages = variableUsages.filter((name) => contexts?.variables.has(name) !== true);
  return contexts === undefined ? askOnce : (state) => askByContext(state, contexts);

  function askOnce(state: ExecutionState): Promise<void> | undefined {
    const { last } = state;
    const asked = last?.questionKey === questionKey && last.version === state.version ? last : askAbout(state, objectsAt(state.data, path));
    state.last = asked;
    return asked.count === 0 ? undefined : fetch(state, asked);
  }

  /** A subgraph is told one value for all entities of a request: those with others are asked about apart. */
  function askByContext(state: ExecutionState, { read }: Contexts): Promise<void> | undefined {
    const groups = new Map<string, { readonly values: ContextValues; readonly objects: JsonObject[] }>();
    for (const lineage of lineagesAt(state.data, path)) {
      const values = read(lineage, state.variables);
      if (values === undefined) continue;
      const key = JSON.stringify(values);
      const group = groups.get(key) ?? { values, objects: [] };
      groups.set(key, group);
      group.objects.push(lineage.object);
    }
    const running: Promise<void>[] = [];
    for (const { values, objects } of groups.values()) {
      const asked = askAbout(state, objects);
      if (asked.count > 0) running.push(fetch(state, asked, values));
    }
    return running.length < 2 ? running[0] : Promise.all(running).then(() => undefined);
  }

  /** Equal representations are sent once. */
  function askAbout(state: ExecutionState, candidates: readonly JsonObject[]): AskedEntities {
    const objects = [];
    const indices: number[] = [];
    const byText = new Map<string, number>();
    let text = '';
    for (const object of candidates) {
      const representation = represent(object);
      if (representation === undefined) continue;
      let index = byText.get(representation);
      if (index === undefined) {
        index = byText.size;
        byText.set(representation, index);
        text += index === 0 ? representation : `,${representation}`;
      }
      objects.push(object);
      indices.push(index);
    }
    return { questionKey, version: state.version, count: byText.size, byText, text, objects, indices };
  }

  async function fetch(state: ExecutionState, asked: AskedEntities, values?: ContextValues): Promise<void> {
    const { data, errors, isMissing = false } = await askSource(state, source, request(state.variables, asked, values));
    if (isMissing) {
      tellMissing(state, errors ?? [], { subgraph: serviceName, paths: missingPaths(state, asked.objects) });
      return;
    }
    const entities = data?._entities;
    if (errors !== undefined) tellErrors(state, asked, { errors: placing(errors), entities });
    if (Array.isArray(entities) && entities.length === asked.count) merge(state, asked, entities);
    else if (errors === undefined) {
      tellMissing(state, [unavailable], { subgraph: serviceName, paths: missingPaths(state, asked.objects) });
    }
  }

  function request(variables: Readonly<Record<string, unknown>>, asked: AskedEntities, values?: ContextValues): FetchRequest {
    const given = variableUsages.length === 0 ? undefined : { ...pickVariables(usages, variables), ...values };
    return new EntityRequest({ query, operationName, given }, given === undefined ? '{}' : JSON.stringify(given), asked);
  }

  function missingPaths(state: ExecutionState, objects: AskedEntities['objects']): ResponsePath[] {
    return pathsOf(state.data, path, objects).flatMap((place, position) => {
      const paths: ResponsePath[] = [];
      const tell = (below: ResponsePath): void => {
        if (below.every((key) => typeof key === 'number' || isAsked(key))) paths.push([...place, ...below]);
      };
      for (const [type, typeKeys] of keysByType()) {
        // Of an interface or a union the object may be.
        if (objects[position]?.__typename !== type && types.objectTypes.has(type)) continue;
        for (const key of typeKeys) tell(renamed([key], names));
      }
      return paths.length === 0 ? [place] : paths;
    });
  }

  function tellErrors(
    state: ExecutionState,
    { objects, indices, count }: AskedEntities,
    { errors, entities }: { readonly errors: NonNullable<WireResult['errors']>; readonly entities: unknown },
  ): void {
    const paths = pathsOf(state.data, path, objects);
    const isWhole = Array.isArray(entities) && entities.length === count;
    let isUnplaced = !isWhole;
    const nulled = new Set<number>();
    for (const error of errors) {
      const [first, entity, ...rest] = error.path ?? [];
      if (first === '_entities' && typeof entity === 'number' && entity < count) {
        const below = renamed(rest, names);
        if (isWhole && entities[entity] === null) nulled.add(entity);
        paths.forEach((place, position) => {
          if (indices[position] === entity) state.errors.push(operationError(error, serviceName, [...place, ...below]));
        });
      } else {
        isUnplaced = true;
        state.errors.push(operationError(error, serviceName, undefined));
      }
    }
    // One error may have taken the whole entity, or all of them, with everything that was asked for.
    const explained = isUnplaced ? paths : paths.filter((_place, position) => nulled.has(indices[position] ?? -1));
    if (explained.length > 0) {
      state.unexplained.push(() => explained.flatMap((place) => keys().map((key) => [...place, ...renamed([key], names)])));
    }
  }

  function merge(state: ExecutionState, { objects, indices, count }: AskedEntities, entities: readonly unknown[]): void {
    const isShared = count < objects.length;
    const given = new Set<number>();
    const without: JsonObject[] = [];
    state.version += 1;
    for (let position = 0; position < objects.length; position += 1) {
      const object = objects[position];
      const index = indices[position];
      const received = index === undefined ? undefined : entities[index];
      if (object === undefined || index === undefined) continue;
      if (!isJsonObject(received)) {
        if (received !== null) without.push(object);
        continue;
      }
      let entity = received;
      if (isShared) {
        // Each place gets its own: what is rewritten, and what other fetches add below, may differ.
        const own = rewrite !== undefined || given.has(index) ? copyOf(received) : received;
        given.add(index);
        if (own === undefined) {
          without.push(object);
          continue;
        }
        entity = own;
      }
      if (rewrite !== undefined) {
        entity.__typename ??= object.__typename;
        rewrite(entity);
      }
      mergeAnswer(object, entity, types.objectTypes);
    }
    if (without.length > 0) tellMissing(state, [unavailable], { subgraph: serviceName, paths: missingPaths(state, without) });
  }
}

/** Undefined for lists in lists so deep that they can be read and not copied, some thousands. */
function copyOf(entity: JsonObject): JsonObject | undefined {
  try {
    return cloneJson(entity);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
