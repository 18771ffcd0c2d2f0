import { changesKey, keysOf } from '../data/redis-presence/presence-keys.js';
import { unavailable, type RedisLink } from '../data/redis-presence/redis-link.js';
import type { Scheduler } from '../presence/scheduler.js';
import { simulatedShards, type SimulatedRedis } from './simulated-redis.js';

/** The way between one process and Redis. */
export interface Network {
  /** Whatever is sent is lost. */
  isCut: boolean;
  /** The process is gone, and hears of nothing any more. */
  isDead: boolean;
  /** To Redis and back, in ms. */
  latency: readonly [there: number, back: number];
}

const reconnectMs = 200;
const common = 6;
const nothing: readonly string[] = [];
const shardOfKey = new Map(Array.from({ length: simulatedShards }, (_, shard) => [keysOf(shard)[0], shard]));
const streams = Array.from({ length: simulatedShards }, (_, shard) => changesKey(shard));

export interface SimulatedLinkOptions {
  readonly server: SimulatedRedis;
  readonly network: Network;
  /** Of the process. */
  readonly scheduler: Scheduler;
  /** What is under way arrives although the process is gone. */
  readonly world: Scheduler;
}

/** A link like that of redis-link.ts, as far as the presence store uses it: what was asked when a connection breaks may have been done. */
export function createSimulatedLink({ server, network, scheduler, world }: SimulatedLinkOptions): RedisLink {
  const readyListeners: (() => void)[] = [];
  const waiting = new Set<(error: Error) => void>();
  let status: 'connecting' | 'ready' | 'end' = 'connecting';
  let connection = 0;
  let runId = '';
  const arrivals = { there: 0, back: 0 };

  function connect(): void {
    if (status !== 'connecting') return;
    if (network.isCut || !server.isUp) {
      scheduler.after(reconnectMs, connect);
      return;
    }
    status = 'ready';
    ({ runId } = server);
    for (const listener of readyListeners) listener();
  }
  scheduler.after(0, connect);

  function drop(): void {
    if (network.isDead) return;
    if (status === 'ready') {
      status = 'connecting';
      scheduler.after(reconnectMs, connect);
    }
    connection += 1;
    const lost = [...waiting];
    waiting.clear();
    for (const reject of lost) reject(new Error('Connection is closed.'));
  }
  const stopListening = server.onEvent((event) => {
    if (network.isDead) stopListening();
    else if (event === 'down') drop();
  });

  /** In order, as on one connection. */
  function transmit(way: 'there' | 'back', arrive: () => void): void {
    if (network.isCut || network.isDead) return;
    const at = Math.max(arrivals[way], world.now() + network.latency[way === 'there' ? 0 : 1]);
    arrivals[way] = at;
    if (at <= world.now()) arrive();
    else world.after(at - world.now(), () => !network.isCut && !(way === 'back' && network.isDead) && arrive());
  }

  function ask<Answer>(execute: (answer: (value: Answer) => void) => void): Promise<Answer> {
    if (status !== 'ready') return Promise.reject(new Error('Connection is closed.'));
    const mine = connection;
    return new Promise((resolve, reject) => {
      waiting.add(reject);
      transmit('there', () => {
        if (!server.isUp || server.runId !== runId) return;
        execute((value) =>
          transmit('back', () => {
            if (mine === connection && waiting.delete(reject)) resolve(value);
          }),
        );
      });
    });
  }

  function evaluate(sha: string, args: readonly (string | number)[]): unknown {
    const first = 1 + Number(args[0]);
    const told = {
      processId: String(args[first]),
      epoch: String(args[first + 2]),
      offset: Number(args[first + 3]),
      base: Number(args[first + 4]),
      server: String(args[first + 5]),
    };
    const own = args.length === first + common ? nothing : args.slice(first + common).map(String);
    return server.shard(shardOfKey.get(String(args[1])) ?? -1).run(sha, told, own);
  }

  function pipeline() {
    const calls: (readonly [string, readonly (string | number)[]])[] = [];
    return {
      evalsha: (sha: string, ...args: readonly (string | number)[]) => calls.push([sha, args]),
      exec: () => ask((answer) => answer(calls.map(([sha, args]) => [null, evaluate(sha, args)]))),
    };
  }

  function xread(...args: readonly (string | number)[]) {
    const [, count, , blockMs] = args.map(Number);
    const offsets = args.slice(-simulatedShards).map((position) => Number.parseInt(String(position), 10));
    const find = () =>
      server
        .entriesAfter(offsets, count ?? 1)
        ?.map(([shard, entries]) => [streams[shard], entries.map(({ offset, fields }) => [`${offset}-0`, fields])]);
    return ask((answer: (found: ReturnType<typeof find> | null) => void) => {
      const found = find();
      if (found !== undefined) {
        answer(found);
        return;
      }
      const end = (value: ReturnType<typeof find> | null): void => {
        stop();
        cancel();
        answer(value);
      };
      const stop = server.onEvent((event) => end(event === 'appended' ? (find() ?? null) : null));
      const cancel = world.after(blockMs ?? 0, () => end(null));
    });
  }

  function requireReady(): void {
    if (status !== 'ready') throw unavailable();
  }

  const redis = {
    on: (_event: 'ready', listener: () => void) => readyListeners.push(listener),
    script: () => Promise.resolve(),
    ping: () => ask((answer) => answer('PONG')),
    pipeline,
    xread,
  };

  return {
    // Of all that ioredis can do, the store asks for these only.
    redis: redis as unknown as RedisLink['redis'],
    requireReady,
    requireHope: requireReady,
    serverId() {
      requireReady();
      return Promise.resolve(runId);
    },
    within(ms, answer) {
      const cancel = scheduler.after(ms, drop);
      return answer.finally(cancel);
    },
    pause: (ms) => new Promise((resolve) => void scheduler.after(ms, resolve)),
    close() {
      stopListening();
      drop();
      status = 'end';
      return Promise.resolve();
    },
  };
}
