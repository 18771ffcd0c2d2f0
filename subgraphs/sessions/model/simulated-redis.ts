import type { VirtualTime } from './virtual-time.js';
import { createSimulatedShard, type Entry, type SavedShard, type SimulatedShard } from './simulated-shard.js';

/** What a server still has after a restart: everything, what was written a moment before, or nothing. */
export type Persistence = 'all' | 'most' | 'nothing';

const savedEveryMs = 1_000;

/** A Redis server that runs presence scripts in virtual time. */
/** Redis answers more often than anything happens: with fewer shards than the 64 of the product, more happens in the same time. */
export const simulatedShards = 8;

export interface SimulatedRedis {
  readonly isUp: boolean;
  /** Another one after every restart. */
  readonly runId: string;
  shard(index: number): SimulatedShard;
  /** At most `count` entries of each shard after the offsets, or undefined when there is none. */
  entriesAfter(offsets: readonly number[], count: number): readonly (readonly [shard: number, entries: readonly Entry[]])[] | undefined;
  /** Called when it appends or goes down. Returns a function that stops it. */
  onEvent(listener: (event: 'appended' | 'down') => void): () => void;
  flush(): void;
  stop(): void;
  start(persistence: Persistence): void;
}

export function createSimulatedRedis(scheduler: Pick<VirtualTime, 'now' | 'after'>): SimulatedRedis {
  const listeners = new Set<(event: 'appended' | 'down') => void>();
  let epochs = 0;
  let runs = 1;
  let isUp = true;
  const tell = (event: 'appended' | 'down'): void => {
    for (const listener of [...listeners]) listener(event);
  };
  const openShards = (saved?: readonly SavedShard[]): SimulatedShard[] =>
    Array.from({ length: simulatedShards }, (_, index) =>
      createSimulatedShard(
        scheduler.now,
        () => `epoch ${(epochs += 1)}`,
        () => tell('appended'),
        saved?.[index],
      ),
    );
  let shards = openShards();
  let saved: readonly SavedShard[] | undefined;

  function save(): void {
    if (isUp) saved = shards.map((shard) => shard.saved());
    scheduler.after(savedEveryMs, save);
  }
  scheduler.after(savedEveryMs, save);

  return {
    get isUp() {
      return isUp;
    },
    get runId() {
      return `run ${runs}`;
    },
    shard(index) {
      const shard = shards[index];
      if (shard === undefined) throw new Error('ERR no such shard');
      return shard;
    },
    entriesAfter(offsets, count) {
      const found = shards.flatMap((shard, index) => {
        const last = shard.entries.at(-1);
        if (last === undefined || last.offset <= (offsets[index] ?? 0)) return [];
        return [[index, shard.entries.filter(({ offset }) => offset > (offsets[index] ?? 0)).slice(0, count)] as const];
      });
      return found.length === 0 ? undefined : found;
    },
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    flush() {
      shards = openShards();
    },
    stop() {
      isUp = false;
      tell('down');
    },
    start(persistence) {
      isUp = true;
      runs += 1;
      if (persistence === 'nothing') shards = openShards();
      if (persistence === 'most') shards = openShards(saved);
    },
  };
}
