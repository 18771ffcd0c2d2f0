/** Counts of what happened lately. */
export interface RollingWindow {
  add(counter: number, at: number): void;
  sum(counter: number, at: number): number;
  clear(): void;
}

/** Counters over the last `buckets` × `bucketMs`, forgotten bucket by bucket: a fixed few hundred bytes however much is counted. */
export function createRollingWindow(counters: number, { bucketMs = 1_000, buckets = 10 } = {}): RollingWindow {
  const counts = new Uint32Array(counters * buckets);
  let newest = 0;

  function advance(at: number): void {
    const bucket = Math.floor(at / bucketMs);
    if (bucket <= newest) return;
    if (bucket - newest >= buckets) counts.fill(0);
    else {
      for (let passed = newest + 1; passed <= bucket; passed++) {
        const start = (passed % buckets) * counters;
        counts.fill(0, start, start + counters);
      }
    }
    newest = bucket;
  }

  return {
    add(counter, at) {
      advance(at);
      const index = (newest % buckets) * counters + counter;
      counts[index] = (counts[index] ?? 0) + 1;
    },
    sum(counter, at) {
      advance(at);
      let sum = 0;
      for (let index = counter; index < counts.length; index += counters) sum += counts[index] ?? 0;
      return sum;
    },
    clear: () => void counts.fill(0),
  };
}
