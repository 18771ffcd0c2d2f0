import { mkdtemp, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { changesKey, keysOf, shardOf } from '../data/redis-presence/presence-keys.js';
import {
  modelShards,
  savedEveryMs,
  type ModelRedis,
  type Persistence,
  type RedisCommand,
  type RedisReply,
  type StreamEntries,
} from './model-redis.js';
import type { VirtualTime } from './virtual-time.js';

/** A `redis-server` that keeps what is written in a folder. */
interface Server {
  readonly port: number;
  /** Kills it. */
  stop(): Promise<void>;
}

type StartServer = (options: { readonly folder: string; readonly port?: number }) => Promise<Server | null>;

/** A real server for one world after another. */
export interface RedisHost {
  /** An empty server whose clock is that of the world. */
  readonly open: (time: VirtualTime) => ModelRedis;
  close(): Promise<void>;
}

const written = join('appendonlydir', 'appendonly.aof.1.incr.aof');
const streams = Array.from({ length: modelShards }, (_, shard) => changesKey(shard));

/**
 * Starts a server on which scripts, streams, restarts and losses are real, and everything comes in the same order for the same seed: all
 * processes of a world share one connection. Null when there is no `redis-server` on this machine.
 */
export async function startRedisHost(startServer: StartServer): Promise<RedisHost | null> {
  const folder = await mkdtemp(join(tmpdir(), 'galaxia-model-'));
  let server = await startServer({ folder });
  if (server === null) {
    await rm(folder, { recursive: true, force: true });
    return null;
  }
  const { port } = server;
  let connection = new Redis({ port });
  /** Ends when everything that was asked for has been done. */
  let tail: Promise<unknown> = Promise.resolve();
  let runs = 0;

  function inOrder<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = tail.then(work);
    tail = result.catch(() => undefined);
    return result;
  }

  function run(commands: readonly (readonly [string, ...(string | number)[]])[]): Promise<readonly RedisReply[]> {
    return inOrder(async () => {
      const pipeline = connection.pipeline();
      for (const [name, ...args] of commands) pipeline.call(name, ...args);
      return (await pipeline.exec()) ?? [];
    });
  }

  async function ask(...command: readonly [string, ...(string | number)[]]): Promise<unknown> {
    const [[error, reply] = [new Error('no reply'), undefined]] = await run([command]);
    if (error !== null) throw error;
    return reply;
  }

  /** `savedBytes` as of `measure`. */
  function restart(persistence: Persistence, savedBytes: Promise<number>): Promise<void> {
    return inOrder(async () => {
      connection.disconnect();
      await server?.stop();
      if (persistence === 'nothing') await rm(join(folder, 'appendonlydir'), { recursive: true, force: true });
      if (persistence === 'most') await truncate(join(folder, written), await savedBytes);
      server = await startServer({ folder, port });
      connection = new Redis({ port });
    });
  }

  async function measure(): Promise<number> {
    return (await stat(join(folder, written))).size;
  }

  function open(time: VirtualTime): ModelRedis {
    const listeners = new Set<(event: 'appended' | 'down') => void>();
    const offsets = new Map<string, number>();
    let isUp = true;
    let savedBytes = Promise.resolve(0);
    runs += 1;
    time.hold(restart('nothing', savedBytes));

    function tell(event: 'appended' | 'down'): void {
      for (const listener of [...listeners]) listener(event);
    }

    function save(): void {
      if (isUp) time.hold((savedBytes = inOrder(measure)));
      time.after(savedEveryMs, save);
    }
    time.after(savedEveryMs, save);

    /** Redis' own clock when the call arrives. */
    function atOnce(command: RedisCommand): RedisCommand {
      const [name, script, keys, ...rest] = command;
      if ((name !== 'evalsha' && name !== 'eval') || script === undefined || keys === undefined) return command;
      rest[Number(keys) + 1] = time.now();
      return [name, script, keys, ...rest];
    }

    function notice([name, , , meta]: RedisCommand, [error, reply]: RedisReply): boolean {
      if (error !== null || (name !== 'evalsha' && name !== 'eval')) return false;
      const [, offset] = reply as readonly [string, number];
      const isNew = offset > (offsets.get(String(meta)) ?? 0);
      offsets.set(String(meta), offset);
      return isNew;
    }

    return {
      get isUp() {
        return isUp;
      },
      get runId() {
        return `run ${runs}`;
      },
      async run(commands) {
        const replies = await run(commands.map(atOnce));
        const news = commands.filter((command, index) => notice(command, replies[index] ?? [new Error('no reply'), undefined]));
        if (news.length > 0) tell('appended');
        return replies;
      },
      entriesAfter: async (positions, count) => (await ask('xread', 'COUNT', count, 'STREAMS', ...streams, ...positions)) as StreamEntries,
      async versionOf(userId) {
        const [meta, users] = keysOf(shardOf(userId, modelShards));
        const [[, base], [, json]] = (await run([
          ['hget', meta, 'base'],
          ['hget', users, userId],
        ])) as [RedisReply, RedisReply];
        const [, friend = 0, stranger = 0] = typeof json === 'string' ? (JSON.parse(json) as { v: readonly number[] }).v : [];
        return Math.max(friend, stranger, Number(base ?? 0));
      },
      onEvent(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      flush() {
        offsets.clear();
        time.hold(ask('flushall'));
      },
      stop() {
        isUp = false;
        tell('down');
      },
      start(persistence) {
        isUp = true;
        runs += 1;
        if (persistence !== 'all') offsets.clear();
        time.hold(restart(persistence, savedBytes));
        // Another file begins.
        if (persistence === 'nothing') savedBytes = Promise.resolve(0);
      },
    };
  }

  return {
    open,
    async close() {
      await tail;
      connection.disconnect();
      await server?.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
