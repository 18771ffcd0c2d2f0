import { isJsonObject, setOwn, type JsonObject } from '../../shared/json/json-object.js';

/**
 * Adds what a subgraph answered to what others answered for the same object. `source` becomes part of `target`.
 *
 * A null adds nothing: it may come from a subgraph that failed, and what another one gave stays. A `__typename` that names an object type
 * stays as well: a subgraph that knows the type by `@interfaceObject` would replace it with the name of an interface.
 */
export function mergeAnswer(target: JsonObject, source: JsonObject, objectTypes: ReadonlySet<string>): void {
  for (const key of Object.keys(source)) {
    const value = source[key];
    let present = target[key];
    // Inherited, as `constructor` and `__proto__` are.
    if (present !== undefined && !Object.hasOwn(target, key)) present = undefined;
    if (present === undefined || present === null) {
      if (key === '__proto__') setOwn(target, key, value);
      else target[key] = value;
    } else if (key === '__typename') {
      if (typeof present !== 'string' || !objectTypes.has(present)) target[key] = value ?? present;
    } else if (value !== null && value !== undefined) mergePresent(target, key, present, value, objectTypes);
  }
}

function mergePresent(target: JsonObject, key: string, present: unknown, value: unknown, objectTypes: ReadonlySet<string>): void {
  if (isJsonObject(present) && isJsonObject(value)) mergeAnswer(present, value, objectTypes);
  else if (Array.isArray(present) && Array.isArray(value) && present.length === value.length) mergeLists(present, value, objectTypes);
  else setOwn(target, key, value);
}

function mergeLists(target: unknown[], source: readonly unknown[], objectTypes: ReadonlySet<string>): void {
  for (const [index, value] of source.entries()) {
    const present = target[index];
    if (isJsonObject(present) && isJsonObject(value)) mergeAnswer(present, value, objectTypes);
    else if (Array.isArray(present) && Array.isArray(value) && present.length === value.length) mergeLists(present, value, objectTypes);
    else if (value !== null || present === undefined) target[index] = value;
  }
}
