import type { FetchNode } from '@apollo/query-planner';
import { Kind, parse, visit, type DirectiveNode, type SelectionNode } from 'graphql';
import { isIncluded } from '../../shared/graphql/documents/collect-fields.js';
import { isJsonObject, readOwn } from '../../shared/json/json-object.js';
import { withoutNamedFragments } from '../planning/named-fragments.js';
import type { ExecutionState } from './execution-state.js';
import { lazily, type StepParts } from './fetch-parts.js';
import type { Lineage } from './places.js';
import type { TypeIndex } from './type-index.js';

/** Values of the arguments that `@fromContext` fills, by the names of their variables. */
export type ContextValues = Readonly<Record<string, unknown>>;

export interface Contexts {
  readonly variables: ReadonlySet<string>;
  /** For an object; undefined when a value is not there, of which an error is told already. */
  readonly read: (lineage: Lineage, variables: ExecutionState['variables']) => ContextValues | undefined;
}

/** Undefined where a value should be and is not. */
type ReadValue = (value: unknown) => unknown;

interface Source {
  readonly levels: number;
  readonly isMeant: (object: unknown) => boolean;
  readonly read: ReadValue;
}

const conditionPrefix = '... on ';

/** Undefined when the fetch needs none. */
export function compileContexts(
  { contextRewrites = [], operation }: FetchNode,
  { types, isTrue }: Pick<StepParts, 'types' | 'isTrue'>,
): Contexts | undefined {
  if (contextRewrites.length === 0) return undefined;
  const sources = new Map<string, Source[]>();
  for (const { path, renameKeyTo } of contextRewrites) {
    sources.set(renameKeyTo, [...(sources.get(renameKeyTo) ?? []), compileSource(path, types)]);
  }
  // The nearest object counts that sets the context.
  for (const ofVariable of sources.values()) ofVariable.sort((one, other) => one.levels - other.levels);
  const usages = lazily(() => usagesIn(operation));
  return {
    variables: new Set(sources.keys()),
    read(lineage, variables) {
      const values: Record<string, unknown> = {};
      for (const [variable, ofVariable] of sources) {
        const value = readFirst(ofVariable, lineage);
        if (value === undefined && isUsed(variable, variables)) return undefined;
        values[variable] = value ?? null;
      }
      return values;
    },
  };

  /** What only fields need that are left out is not fetched either. */
  function isUsed(variable: string, variables: ExecutionState['variables']): boolean {
    const scope = { isTrue: (name: string) => isTrue(variables, name) };
    return (usages().get(variable) ?? []).some((conditions) => isIncluded(scope, conditions));
  }
}

/** Directives of whatever the fields are in that have variables in their arguments, and their own, by variable. */
function usagesIn(operation: string): ReadonlyMap<string, readonly (readonly DirectiveNode[])[]> {
  const usages = new Map<string, (readonly DirectiveNode[])[]>();
  const above: (readonly DirectiveNode[])[] = [];
  const within = {
    enter: ({ directives = [] }: SelectionNode) => void above.push(directives),
    leave: () => void above.pop(),
  };
  visit(withoutNamedFragments(parse(operation)), {
    Field: within,
    InlineFragment: within,
    Argument({ value }) {
      if (value.kind !== Kind.VARIABLE) return;
      const name = value.name.value;
      usages.set(name, [...(usages.get(name) ?? []), above.flat()]);
    },
  });
  return usages;
}

/** Null when none of them is about an object of such a type. */
function readFirst(sources: readonly Source[], lineage: Lineage): unknown {
  let isMeantByAny = false;
  for (const { levels, isMeant, read } of sources) {
    const object = climb(lineage, levels)?.object;
    if (!isMeant(object)) continue;
    isMeantByAny = true;
    const value = read(object);
    if (value !== undefined) return value;
  }
  return isMeantByAny ? undefined : null;
}

function climb(lineage: Lineage, levels: number): Lineage | undefined {
  let at: Lineage | undefined = lineage;
  for (let level = 0; level < levels; level += 1) at = at?.above;
  return at;
}

/** Such as `.. .. ... on Book title`: two objects up, and what a book has there. */
function compileSource(path: readonly string[], types: TypeIndex): Source {
  const levels = path.findIndex((step) => step !== '..');
  const [condition = '', ...below] = path.slice(levels);
  if (!condition.startsWith(conditionPrefix)) return { levels, isMeant: () => true, read: compileRead([condition, ...below]) };
  const within = types.typesWithin(condition.slice(conditionPrefix.length));
  return {
    levels,
    isMeant(object) {
      const type = isJsonObject(object) ? readOwn(object, '__typename') : undefined;
      // A subgraph may know it by the name of an interface alone.
      return typeof type !== 'string' || !types.objectTypes.has(type) || within.has(type);
    },
    read: compileRead(below),
  };
}

function compileRead([key, ...below]: readonly string[]): ReadValue {
  if (key === undefined) return (value) => value;
  const readBelow = below.length === 0 ? undefined : compileRead(below);
  return (object) => {
    const value = isJsonObject(object) ? readOwn(object, key) : undefined;
    return readBelow === undefined ? value : readEach(value, readBelow);
  };
}

function readEach(value: unknown, read: ReadValue): unknown {
  if (value === null || value === undefined) return value;
  if (!Array.isArray(value)) return read(value);
  const values = value.map((item: unknown) => readEach(item, read));
  return values.includes(undefined) ? undefined : values;
}
