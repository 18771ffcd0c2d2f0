/** An object that `JSON.parse` made: every key is its own property, also `__proto__`. */
export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether `object[name]` may give what every object inherits. For all other names a plain read is right, and much faster. */
export function isInherited(name: string): boolean {
  return name in Object.prototype;
}

/** Undefined when `object` has no `name` of its own. */
export function readOwn(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** An assignment to `__proto__` would change what the object inherits (SECURITY 42). */
export function setOwn(object: JsonObject, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  else object[name] = value;
}

export function cloneJson<Value>(value: Value): Value;
export function cloneJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => cloneJson(item));
  const copy: JsonObject = {};
  for (const [key, item] of Object.entries(value)) setOwn(copy, key, cloneJson(item));
  return copy;
}

/**
 * A value as if it had crossed a network: no `Date`, no `undefined`, nothing shared with the one who made it. Also keeps a key named
 * `__proto__` an ordinary key.
 */
export function acrossTheWire(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
