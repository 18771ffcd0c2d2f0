import type { FetchDataRewrite } from '@apollo/query-planner';
import { isJsonObject, readOwn, setOwn, type JsonObject } from '../../shared/json/json-object.js';
import type { TypeIndex } from './type-index.js';

/** Changes data in place: what is sent to a subgraph, or what it answered. */
export type Rewrite = (value: unknown) => void;

const conditionPrefix = '... on ';

/** Undefined when there is nothing to rewrite. */
export function compileRewrites(rewrites: readonly FetchDataRewrite[] | undefined, types: TypeIndex): Rewrite | undefined {
  if (rewrites === undefined || rewrites.length === 0) return undefined;
  const compiled = rewrites.map((rewrite) => compileAt(rewrite.path, compileChange(rewrite), types));
  return (value) => {
    for (const rewrite of compiled) rewrite(value);
  };
}

/** By the names that the planner made up for fields that would clash, the names that clients know. */
export function originalNames(rewrites: readonly FetchDataRewrite[] | undefined): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const rewrite of rewrites ?? []) {
    const key = rewrite.path.at(-1);
    if (rewrite.kind === 'KeyRenamer' && key !== undefined) names.set(key, rewrite.renameKeyTo);
  }
  return names;
}

function compileChange(rewrite: FetchDataRewrite): (object: JsonObject) => void {
  const key = rewrite.path.at(-1) ?? '';
  switch (rewrite.kind) {
    case 'ValueSetter':
      return (object) => setOwn(object, key, rewrite.setValueTo);
    case 'KeyRenamer':
      return (object) => {
        const value = readOwn(object, key);
        if (value === undefined) return;
        setOwn(object, rewrite.renameKeyTo, value);
        Reflect.deleteProperty(object, key);
      };
  }
}

function compileAt(path: readonly string[], change: (object: JsonObject) => void, types: TypeIndex): Rewrite {
  const [step, ...rest] = path;
  // The last step is the key that changes.
  const below = step === undefined || rest.length === 0 ? undefined : compileAt(rest, change, types);
  if (step === undefined || below === undefined) return forEachObject(change);
  if (!step.startsWith(conditionPrefix)) return forEachObject((object) => below(readOwn(object, step)));
  const within = types.typesWithin(step.slice(conditionPrefix.length));
  return forEachObject((object) => {
    const type = readOwn(object, '__typename');
    // Not every object has it where a rewrite is meant.
    if (typeof type !== 'string' || within.has(type)) below(object);
  });
}

function forEachObject(change: (object: JsonObject) => void): Rewrite {
  return function each(value) {
    if (Array.isArray(value)) value.forEach(each);
    else if (isJsonObject(value)) change(value);
  };
}
