import DataLoader from 'dataloader';

/**
 * Makes one read of all that is asked for by key in one turn of the event loop: thousands who come back at once are a few questions to the
 * database, not thousands. Each read begins after it was asked for, and nothing is remembered. Undefined for a key that `read` leaves out.
 */
export function createBatchedRead<Value>(
  read: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
  maxKeys = 500,
): (key: string) => Promise<Value | undefined> {
  const loader = new DataLoader<string, Value | undefined>(
    async (keys) => {
      const found = await read(keys);
      return keys.map((key) => found.get(key));
    },
    { cache: false, maxBatchSize: maxKeys, batchScheduleFn: (callback) => void setImmediate(callback) },
  );
  return (key) => loader.load(key);
}
