import { changesKey, keysOf, shardOf } from '../data/redis-presence/presence-keys.js';
import { modelShards, savedEveryMs, type ModelRedis, type RedisCommand, type RedisReply } from './model-redis.js';
import { createSimulatedShard, type SavedShard, type SimulatedShard } from './simulated-shard.js';
import type { VirtualTime } from './virtual-time.js';

/** What stands before the own arguments of every script. */
const common = 6;
const nothing: readonly string[] = [];
const shardOfKey = new Map(Array.from({ length: modelShards }, (_, shard) => [keysOf(shard)[0], shard]));
const streams = Array.from({ length: modelShards }, (_, shard) => changesKey(shard));

/** A Redis that runs presence scripts by the rules in TypeScript, at once. */
export function createSimulatedRedis(scheduler: Pick<VirtualTime, 'now' | 'after'>): ModelRedis {
  const listeners = new Set<(event: 'appended' | 'down') => void>();
  let epochs = 0;
  let runs = 1;
  let isUp = true;
  const tell = (event: 'appended' | 'down'): void => {
    for (const listener of [...listeners]) listener(event);
  };
  const openShards = (saved?: readonly SavedShard[]): SimulatedShard[] =>
    Array.from({ length: modelShards }, (_, index) =>
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

  function shardAt(index: number | undefined): SimulatedShard {
    const shard = shards[index ?? -1];
    if (shard === undefined) throw new Error('ERR no such shard');
    return shard;
  }

  function evaluate([sha, ...args]: readonly (string | number)[]): unknown {
    const first = 1 + Number(args[0]);
    const told = {
      processId: String(args[first]),
      epoch: String(args[first + 2]),
      offset: Number(args[first + 3]),
      base: Number(args[first + 4]),
      server: String(args[first + 5]),
    };
    const own = args.length === first + common ? nothing : args.slice(first + common).map(String);
    return shardAt(shardOfKey.get(String(args[1]))).run(String(sha), told, own);
  }

  function runOne([name, ...args]: RedisCommand): RedisReply {
    return [null, name === 'evalsha' ? evaluate(args) : 'OK'];
  }

  return {
    get isUp() {
      return isUp;
    },
    get runId() {
      return `run ${runs}`;
    },
    run: (commands) => commands.map(runOne),
    entriesAfter(positions, count) {
      const found = shards.flatMap((shard, index) => {
        const [stream = '', after] = [streams[index], Number.parseInt(positions[index] ?? '0', 10)];
        const last = shard.entries.at(-1);
        if (last === undefined || last.offset <= after) return [];
        const entries = shard.entries.filter(({ offset }) => offset > after).slice(0, count);
        return [[stream, entries.map(({ offset, fields }) => [`${offset}-0`, fields] as const)] as const];
      });
      return found.length === 0 ? null : found;
    },
    versionOf: (userId) => shardAt(shardOf(userId, modelShards)).versionOf(userId),
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
