import { isJsonObject, readOwn, type JsonObject } from '../../shared/json/json-object.js';

export type ResponsePath = readonly (string | number)[];

/** Where in the data a fetch finds its objects: keys, and `@` for every item of a list. */
export type PlacePath = readonly string[];

export interface Place {
  readonly object: JsonObject;
  readonly path: ResponsePath;
}

/** The objects at `path`, in the order of the data. What is not of the expected kind there is none. */
export function objectsAt(root: JsonObject, path: PlacePath): JsonObject[] {
  const found: JsonObject[] = [];
  collect(root, path, 0, found);
  return found;
}

function collect(start: unknown, path: PlacePath, from: number, found: JsonObject[]): void {
  let value = start;
  for (let index = from; index < path.length; index += 1) {
    const step = path[index];
    if (step === '@') {
      if (Array.isArray(value)) for (const item of value) collect(item, path, index + 1, found);
      return;
    }
    if (step === undefined || !isJsonObject(value)) return;
    value = readOwn(value, step);
  }
  if (isJsonObject(value)) found.push(value);
}

/** An object with those that it is in, up to the root. */
export interface Lineage {
  readonly object: JsonObject;
  readonly above: Lineage | undefined;
}

/** The objects at `path` with what they are in. */
export function lineagesAt(root: JsonObject, path: PlacePath): Lineage[] {
  const found: Lineage[] = [];
  descend(root, { path, from: 0, above: undefined }, found);
  return found;
}

function descend(
  value: unknown,
  { path, from, above }: { readonly path: PlacePath; readonly from: number; readonly above: Lineage | undefined },
  found: Lineage[],
): void {
  if (path[from] === '@') {
    if (Array.isArray(value)) for (const item of value) descend(item, { path, from: from + 1, above }, found);
    return;
  }
  if (!isJsonObject(value)) return;
  const lineage = { object: value, above };
  const key = path[from];
  if (key === undefined) found.push(lineage);
  else descend(readOwn(value, key), { path, from: from + 1, above: lineage }, found);
}

/** The same objects with where they are. Only errors need to know that. */
export function placesAt(root: JsonObject, path: PlacePath): Place[] {
  const places: Place[] = [];
  locate(root, path, [], places);
  return places;
}

function locate(value: unknown, [step, ...rest]: PlacePath, at: ResponsePath, places: Place[]): void {
  if (step === undefined) {
    if (isJsonObject(value)) places.push({ object: value, path: at });
  } else if (step === '@') {
    if (Array.isArray(value)) value.forEach((item, index) => locate(item, rest, [...at, index], places));
  } else if (isJsonObject(value)) locate(readOwn(value, step), rest, [...at, step], places);
}
