import type { QueryPlanSelectionNode } from '@apollo/query-planner';
import { isJsonObject, readOwn, setOwn, type JsonObject } from '../../shared/json/json-object.js';
import { mergeAnswer } from './merge-answer.js';
import type { TypeIndex } from './type-index.js';

/** What a subgraph needs to know of an object to answer for it; undefined when the object has not got it, or is not meant. */
export type Represent = (object: JsonObject) => JsonObject | undefined;

/** Adds to `representation`; false when something is missing that has to be there. */
type Select = (object: JsonObject, representation: JsonObject) => boolean;

/** `requires` of a fetch. */
export function compileRepresent(requires: readonly QueryPlanSelectionNode[], types: TypeIndex): Represent {
  const select = compileSelections(requires, types);
  return (object) => {
    const representation: JsonObject = {};
    if (!select(object, representation)) return undefined;
    return typeof representation.__typename === 'string' ? representation : undefined;
  };
}

function compileSelections(selections: readonly QueryPlanSelectionNode[], types: TypeIndex): Select {
  const selects = selections.map((selection): Select => {
    switch (selection.kind) {
      case 'Field':
        return compileField(selection.alias ?? selection.name, selection.selections, types);
      case 'InlineFragment':
        return compileFragment(selection.typeCondition, selection.selections, types);
    }
  });
  return (object, representation) => selects.every((select) => select(object, representation));
}

function compileField(key: string, selections: readonly QueryPlanSelectionNode[] | undefined, types: TypeIndex): Select {
  const convert = selections === undefined ? undefined : compileNested(selections, types);
  return (object, representation) => {
    const value = readOwn(object, key);
    // The error that left it out is told already.
    if (value === undefined) return false;
    const converted = convert === undefined ? value : convert(value);
    const present = readOwn(representation, key);
    if (isJsonObject(present) && isJsonObject(converted)) mergeAnswer(present, converted, types.objectTypes);
    else setOwn(representation, key, converted);
    return true;
  };
}

function compileNested(selections: readonly QueryPlanSelectionNode[], types: TypeIndex): (value: unknown) => unknown {
  const select = compileSelections(selections, types);
  return function convert(value): unknown {
    if (Array.isArray(value)) return value.map(convert);
    if (!isJsonObject(value)) return null;
    const representation: JsonObject = {};
    return select(value, representation) ? representation : null;
  };
}

function compileFragment(typeCondition: string | undefined, selections: readonly QueryPlanSelectionNode[], types: TypeIndex): Select {
  const select = compileSelections(selections, types);
  const within = typeCondition === undefined ? undefined : types.typesWithin(typeCondition);
  return (object, representation) => {
    const type = readOwn(object, '__typename');
    if (within !== undefined && (typeof type !== 'string' || !within.has(type))) return true;
    const part: JsonObject = {};
    // Fragments stand for different requirements: one that cannot be met does not spoil the others.
    if (select(object, part)) mergeAnswer(representation, part, types.objectTypes);
    return true;
  };
}
