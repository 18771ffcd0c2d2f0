import { unavailable, type RedisLink } from '../data/redis-presence/redis-link.js';
import type { Scheduler } from '../presence/scheduler.js';
import { modelShards, type ModelRedis, type RedisCommand, type RedisReply, type StreamEntries } from './model-redis.js';
import type { VirtualTime } from './virtual-time.js';

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

export interface SimulatedLinkOptions {
  readonly server: ModelRedis;
  readonly network: Network;
  /** Of the process. */
  readonly scheduler: Scheduler;
  /** What is under way arrives although the process is gone. */
  readonly world: VirtualTime;
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

  function run(commands: readonly RedisCommand[]): Promise<readonly RedisReply[]> {
    return ask((answer) => then(server.run(commands), answer));
  }

  async function runOne(...command: RedisCommand): Promise<unknown> {
    const [[error, reply] = [unavailable(), undefined]] = await run([command]);
    if (error !== null) throw error;
    return reply;
  }

  function pipeline() {
    const commands: RedisCommand[] = [];
    return {
      evalsha: (...args: (string | number)[]) => commands.push(['evalsha', ...args]),
      exec: () => run(commands),
    };
  }

  function xread(...args: readonly (string | number)[]) {
    const [, count, , blockMs] = args.map(Number);
    const positions = args.slice(-modelShards).map(String);
    const find = () => server.entriesAfter(positions, count ?? 1);
    return ask((answer: (found: StreamEntries) => void) =>
      then(find(), (found) => {
        if (found !== null) {
          answer(found);
          return;
        }
        const end = (value: StreamEntries | Promise<StreamEntries>): void => {
          stop();
          cancel();
          then(value, answer);
        };
        const stop = server.onEvent((event) => end(event === 'appended' ? find() : null));
        const cancel = world.after(blockMs ?? 0, () => end(null));
      }),
    );
  }

  /** A real server takes its time, which is none here. */
  function then<Value>(value: Value | Promise<Value>, next: (value: Value) => void): void {
    if (value instanceof Promise) world.hold(value.then(next));
    else next(value);
  }

  function requireReady(): void {
    if (status !== 'ready') throw unavailable();
  }

  const redis = {
    on: (_event: 'ready', listener: () => void) => readyListeners.push(listener),
    script: (...args: string[]) => runOne('script', ...args),
    eval: (...args: (string | number)[]) => runOne('eval', ...args),
    ping: () => runOne('ping'),
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
