import type { FetchRequest, SubgraphDataSource } from '../datasources/subgraph-data-source.js';
import type { WireResult } from '../datasources/wire.js';
import type { ExecutionState } from './execution-state.js';
import type { JsonObject } from '../../shared/json/json-object.js';
import { placesAt, type PlacePath, type ResponsePath } from './places.js';
import type { TypeIndex } from './type-index.js';

/** A step of a plan, compiled. Undefined when it is done already. Never rejects but for faults of the gateway. */
export type Step = (state: ExecutionState) => Promise<void> | undefined;

export interface PlanParts {
  readonly services: ReadonlyMap<string, SubgraphDataSource>;
  readonly types: TypeIndex;
  /** Whether the client may know of a response key: what is fetched for `@requires` alone, even what is inaccessible, is named in no error. */
  readonly isAsked?: (key: string) => boolean;
}

export interface StepParts extends PlanParts {
  /** Whether the Boolean variable is true in this request, with its default value. */
  readonly isTrue: (variables: Readonly<Record<string, unknown>>, name: string) => boolean;
  /** Told of fetches with an id, on which others depend; several may share one. */
  readonly onCompiled?: (id: string) => void;
}

export function sourceOf(name: string, { services }: PlanParts): SubgraphDataSource {
  const source = services.get(name);
  if (source === undefined) throw new Error(`No data source for the subgraph "${name}"`);
  return source;
}

/** A source never rejects; should one do, the operation goes on without what it would have said. */
export async function askSource(state: ExecutionState, source: SubgraphDataSource, request: FetchRequest): Promise<WireResult> {
  try {
    return await state.ask(source, request, state.caller);
  } catch (error) {
    return { data: null, errors: [{ message: String(error), extensions: { code: 'INTERNAL_SERVER_ERROR' } }] };
  }
}

export function pickVariables(names: readonly string[], variables: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const name of names) {
    if (Object.hasOwn(variables, name) && variables[name] !== undefined) picked[name] = variables[name];
  }
  return picked;
}

/** Where `objects` are, in their order. Costs a walk over the data: only errors need it. */
export function pathsOf(data: JsonObject, path: PlacePath, objects: readonly JsonObject[]): ResponsePath[] {
  const paths = new Map(placesAt(data, path).map((place) => [place.object, place.path]));
  return objects.map((object) => paths.get(object) ?? path);
}

export function renamed(path: ResponsePath, names: ReadonlyMap<string, string>): ResponsePath {
  return names.size === 0 ? path : path.map((part) => (typeof part === 'string' ? (names.get(part) ?? part) : part));
}

export function lazily<Value extends object>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}
