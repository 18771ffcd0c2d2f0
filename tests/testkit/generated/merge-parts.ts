import type { DeferredPart } from '../../../gateway/execution/deferred/incremental-result.js';

/** What a client has when it puts a part where it belongs. Throws when there is no such place. A part that is null changes nothing. */
export function mergePart(data: unknown, { path, data: text }: Pick<DeferredPart, 'path' | 'data'>): unknown {
  const part: unknown = JSON.parse(text);
  return part === null ? data : mergeAt(data, path, part);
}

function mergeAt(data: unknown, [step, ...rest]: DeferredPart['path'], part: unknown): unknown {
  if (step === undefined) {
    if (!isObject(data)) throw new Error('there is no object for a part');
    return mergeDeeply(data, part);
  }
  if (Array.isArray(data)) return data.map((item: unknown, index) => (index === step ? mergeAt(item, rest, part) : item));
  if (!isObject(data) || !Object.hasOwn(data, step)) throw new Error(`there is no "${step}" for a part`);
  return { ...data, [step]: mergeAt(data[step], rest, part) };
}

/** As Apollo's clients do. */
function mergeDeeply(target: unknown, source: unknown): unknown {
  if (Array.isArray(target) && Array.isArray(source)) return source.map((item: unknown, index) => mergeDeeply(target[index], item));
  if (!isObject(target) || !isObject(source)) return source;
  const merged: Record<string, unknown> = { ...target };
  for (const [key, value] of Object.entries(source)) merged[key] = Object.hasOwn(target, key) ? mergeDeeply(target[key], value) : value;
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
