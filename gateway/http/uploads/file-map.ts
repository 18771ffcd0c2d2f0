import { isJsonObject, readOwn, setOwn } from '../../../shared/json/json-object.js';
import { refuseRequest, type RequestRefusal } from '../request-refusal.js';
import { UploadedFile } from './uploaded-file.js';

export type PlacedFiles = { readonly kind: 'placed'; readonly files: ReadonlyMap<string, UploadedFile> } | RequestRefusal;

/**
 * Puts files where `map` says that they belong in `variables`, which must have a null in each of these places. `map` is the text of the field
 * of this name: `{ "field of the form": ["variables.path.0.to.it"] }`.
 */
export function placeFiles(map: string, variables: unknown, maxFiles: number): PlacedFiles {
  const parsed = parseMap(map);
  if (parsed === undefined) return refuse('The field "map" must be a JSON object of lists of paths, such as {"0":["variables.file"]}.');
  if (parsed.length > maxFiles) return refuseRequest(413, `The form has more than ${maxFiles} files.`);
  const files = new Map<string, UploadedFile>();
  for (const [name, paths] of parsed) {
    const file = new UploadedFile(name);
    files.set(name, file);
    for (const path of paths) {
      const place = findPlace(path, variables);
      if (place === undefined) return refuse(`The map has a path that does not lead to a null in the variables: ${JSON.stringify(path)}.`);
      place(file);
    }
  }
  return { kind: 'placed', files };
}

function parseMap(text: string): readonly (readonly [string, readonly string[]])[] | undefined {
  let map: unknown;
  try {
    map = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(map)) return undefined;
  const entries = Object.entries(map);
  return entries.every(isEntry) ? entries : undefined;
}

function isEntry(entry: [string, unknown]): entry is [string, string[]] {
  const [, paths] = entry;
  return Array.isArray(paths) && paths.length > 0 && paths.every((path) => typeof path === 'string');
}

/** How to put a file there; undefined for a path to anything but a null. A place that has a file already is none. */
function findPlace(path: string, variables: unknown): ((file: UploadedFile) => void) | undefined {
  const [root, ...keys] = path.split('.');
  const last = keys.pop();
  if (root !== 'variables' || last === undefined) return undefined;
  let parent: unknown = variables;
  for (const key of keys) parent = child(parent, key);
  if (child(parent, last) !== null) return undefined;
  if (Array.isArray(parent)) return (file) => void (parent[Number(last)] = file);
  return isJsonObject(parent) ? (file) => setOwn(parent, last, file) : undefined;
}

/** Nothing that is inherited, and no other property of lists than their items (SECURITY 42). */
function child(parent: unknown, key: string): unknown {
  if (parent instanceof UploadedFile) return undefined;
  if (Array.isArray(parent)) return /^(0|[1-9]\d{0,8})$/.test(key) ? (parent as readonly unknown[])[Number(key)] : undefined;
  return isJsonObject(parent) ? readOwn(parent, key) : undefined;
}

function refuse(message: string): RequestRefusal {
  return refuseRequest(400, message);
}
