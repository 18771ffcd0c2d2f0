import { createSharedRead } from './shared-read.js';

/** `createSharedRead` of maps, no read of more than `maxKeys`. */
export function createBatchedLookup<Value>(
  read: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
  maxKeys = 500,
): (keys: Iterable<string>) => Promise<ReadonlyMap<string, Value>> {
  return createSharedRead(async (keys) => {
    if (keys.length <= maxKeys) return read(keys);
    const batches = Array.from({ length: Math.ceil(keys.length / maxKeys) }, (_, index) =>
      keys.slice(index * maxKeys, (index + 1) * maxKeys),
    );
    return new Map((await Promise.all(batches.map(read))).flatMap((found) => [...found]));
  });
}
