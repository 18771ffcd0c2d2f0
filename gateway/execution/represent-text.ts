import type { FetchDataRewrite, QueryPlanSelectionNode } from '@apollo/query-planner';
import { isInherited, readOwn, type JsonObject } from '../../shared/json/json-object.js';
import { valueText } from '../../shared/json/json-text.js';
import { compileRepresent } from './representations.js';
import { compileRewrites } from './rewrites.js';
import type { TypeIndex } from './type-index.js';

/** JSON text of what a subgraph needs to know of an object to answer for it; undefined when the object has not got it, or is not meant. */
export type RepresentText = (object: JsonObject) => string | undefined;

interface Field {
  readonly key: string;
  readonly isInherited: boolean;
  /** `"key":`, with what is before it. */
  readonly prefix: string;
}

/**
 * `requires` and `inputRewrites` of a fetch. Keys are mostly a few scalars of one type: those are written at once, by type name; all else
 * is made as an object first.
 */
export function compileRepresentText(
  requires: readonly QueryPlanSelectionNode[],
  inputRewrites: readonly FetchDataRewrite[] | undefined,
  types: TypeIndex,
): RepresentText {
  const represent = compileRepresent(requires, types);
  const rewrite = compileRewrites(inputRewrites, types);
  const byType = new Map<string, RepresentText>();

  function inFull(object: JsonObject): string | undefined {
    const representation = represent(object);
    if (representation === undefined) return undefined;
    rewrite?.(representation);
    return valueText(representation);
  }

  function compileFor(type: string): RepresentText {
    if (rewrite !== undefined) return inFull;
    const meant = requires.filter((selection) => isMeant(selection, type, types));
    if (meant.length === 0) return () => undefined;
    const [only] = meant;
    const fields = meant.length === 1 && only?.kind === 'InlineFragment' ? scalarFields(only.selections) : undefined;
    return fields === undefined ? inFull : (object) => writeFields(object, fields);
  }

  return (object) => {
    const type = object.__typename;
    if (typeof type !== 'string') return undefined;
    const known = byType.get(type);
    if (known !== undefined) return known(object);
    const compiled = compileFor(type);
    // Names that no type has are as many as subgraphs care to make up.
    if (types.isKnown(type)) byType.set(type, compiled);
    return compiled(object);
  };
}

function isMeant(selection: QueryPlanSelectionNode, type: string, types: TypeIndex): boolean {
  return selection.kind === 'Field' || selection.typeCondition === undefined || types.typesWithin(selection.typeCondition).has(type);
}

/** Undefined when they are not all of them scalars, or name no type. */
function scalarFields(selections: readonly QueryPlanSelectionNode[]): readonly Field[] | undefined {
  const fields = new Map<string, Field>();
  for (const selection of selections) {
    if (selection.kind !== 'Field' || selection.selections !== undefined) return undefined;
    const key = selection.alias ?? selection.name;
    const prefix = `${fields.size === 0 ? '{' : ','}${JSON.stringify(key)}:`;
    if (!fields.has(key)) fields.set(key, { key, isInherited: isInherited(key), prefix });
  }
  return fields.has('__typename') ? [...fields.values()] : undefined;
}

function writeFields(object: JsonObject, fields: readonly Field[]): string | undefined {
  let text = '';
  for (const field of fields) {
    const value = field.isInherited ? readOwn(object, field.key) : object[field.key];
    const written = value === undefined ? undefined : valueText(value);
    if (written === undefined) return undefined;
    text += field.prefix + written;
  }
  return `${text}}`;
}
