import { createBatchedLookup } from './batched-lookup.js';

/** `createBatchedLookup` for who asks by one key. Undefined for a key that `read` leaves out. */
export function createBatchedRead<Value>(
  read: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
  maxKeys?: number,
): (key: string) => Promise<Value | undefined> {
  const lookUp = createBatchedLookup(read, maxKeys);
  return async (key) => (await lookUp([key])).get(key);
}
