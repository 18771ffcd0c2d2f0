import { possibleRuntimeTypes, type CompositeType } from '@apollo/federation-internals';
import type { FetchNode } from '@apollo/query-planner';
import { inside, type AskedField } from './asked-fields.js';
import { contextSources, placeAbove } from './context-sources.js';
import type { ContextualArgument, ContextualFields } from './contextual-fields.js';

/** Types of objects for which a field was asked, by its path. */
export type AskedTypes = Map<string, Set<CompositeType>>;

export function recordAsked(asked: AskedTypes, fields: readonly AskedField[]): void {
  for (const { place, key, type } of fields) {
    if (type === undefined) continue;
    const path = inside(place, key);
    asked.set(path, (asked.get(path) ?? new Set()).add(type));
  }
}

interface FetchPlace {
  readonly place: string;
  readonly fields: readonly AskedField[];
  /** Paths of what was fetched before. */
  readonly known: ReadonlySet<string>;
  /** With the fields of this fetch. */
  readonly asked: AskedTypes;
  readonly contextual: ContextualFields;
}

/**
 * Fields that a fetch asks for with the value of a wrong context, or with one that is not fetched yet: that of the nearest object counts
 * that sets it, and all fields of a fetch are given the same.
 */
export function misplacedContexts(fetch: FetchNode, { place, fields, known, asked, contextual }: FetchPlace): readonly string[] {
  if (contextual.variables.size === 0) return [];
  const sources = contextSources(fetch, place);
  return fields.flatMap((field) => {
    const types = field.type === undefined ? [] : possibleRuntimeTypes(field.type);
    const needed = types.flatMap(({ name }) => contextual.argumentsOf(fetch.serviceName, name, field.name));
    const isFounded = needed.every((argument) => {
      const found = sources.filter(({ variable }) => variable === argument.variable);
      const setters = placesOfSetters(field.place, argument, asked);
      const areKnown = found.every((source) => source.path !== undefined && known.has(source.path) && setters.has(source.place ?? ''));
      return found.length > 0 && areKnown;
    });
    return isFounded ? [] : [`${String(field.type)}.${field.name} of the subgraph "${fetch.serviceName}"`];
  });
}

/** Places around `place` whose object sets the context, as far as one is sure to do so. */
function placesOfSetters(place: string, { isSetBy }: ContextualArgument, asked: AskedTypes): ReadonlySet<string> {
  const found = new Set<string>();
  for (let below = place, at = placeAbove(place, 1); at !== undefined; below = at, at = placeAbove(at, 1)) {
    const types = [...(asked.get(below) ?? [])];
    const isSet = types.map((type) => isSetBy(type) || possibleRuntimeTypes(type).map((each) => isSetBy(each)));
    const all = isSet.flat();
    if (all.includes(true)) found.add(at);
    if (all.length > 0 && !all.includes(false)) break;
  }
  return found;
}
