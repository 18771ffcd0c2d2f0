import { keysOf } from './presence-keys.js';
import { allScripts, type PresenceScript } from './presence-scripts.js';
import { silenceMs, toRefusal, type RedisLink } from './redis-link.js';
import type { ShardAnswer, ShardLives } from './shard-lives.js';

export interface ScriptCall {
  readonly shard: number;
  readonly script: PresenceScript;
  /** What the script calls its own arguments. */
  readonly args: readonly (string | number)[];
  /** Of the shard too, beside those that every script is given. */
  readonly ownKeys?: readonly string[];
}

export interface ScriptRunner {
  /** Runs all, in one round trip, and answers their results in order. Rejects with `UNAVAILABLE`; some may have been run. */
  run(calls: readonly ScriptCall[]): Promise<readonly ScriptResult[]>;
}

export interface ScriptResult extends ShardAnswer {
  readonly result: unknown;
}

export interface ScriptRunnerOptions {
  readonly link: RedisLink;
  readonly lives: ShardLives;
  /** Names this process in what it changes. */
  readonly processId: string;
  /** For tests: instead of Redis' own clock. */
  readonly now: (() => number) | undefined;
}

type Reply = readonly [epoch: string, offset: number, forgotten: number, base: number, result: unknown];

export function createScriptRunner({ link, lives, processId, now }: ScriptRunnerOptions): ScriptRunner {
  const { redis } = link;
  // Once here, rather than by every call of a storm.
  redis.on('ready', () => {
    for (const { source } of allScripts) redis.script('LOAD', source).catch(() => undefined);
  });

  function argumentsOf({ shard, args, ownKeys = [] }: ScriptCall, server: string): [number, ...(string | number)[]] {
    const life = lives.of(shard);
    const keys = [...keysOf(shard), ...ownKeys];
    const common = [processId, now?.() ?? '', life?.epoch ?? '', life?.offset ?? 0, lives.base, server];
    return [keys.length, ...keys, ...common, ...args];
  }

  /** Observed as it comes: two rounds of calls may overlap. */
  function toResult(shard: number, [epoch, offset, forgotten, base, result]: Reply): ScriptResult {
    const answer = { shard, epoch, offset, forgotten, base };
    lives.observe(answer);
    return { ...answer, result };
  }

  async function evaluate(call: ScriptCall): Promise<ScriptResult> {
    const server = await link.serverId();
    return toResult(call.shard, (await link.within(silenceMs, redis.eval(call.script.source, ...argumentsOf(call, server)))) as Reply);
  }

  async function send(calls: readonly ScriptCall[]): Promise<readonly ScriptResult[]> {
    const server = await link.serverId();
    const pipeline = redis.pipeline();
    for (const call of calls) pipeline.evalsha(call.script.sha, ...argumentsOf(call, server));
    const replies = (await link.within(silenceMs, pipeline.exec())) ?? [];
    return Promise.all(
      calls.map(async (call, index) => {
        const [error, reply] = replies[index] ?? [new Error('Redis left out an answer')];
        if (error === null) return toResult(call.shard, reply as Reply);
        // Redis has not seen the script since it began, or has forgotten it; run once from its source, it knows it again.
        if (error.message.startsWith('NOSCRIPT')) return evaluate(call);
        throw error;
      }),
    );
  }

  return {
    async run(calls) {
      if (calls.length === 0) return [];
      try {
        return await send(calls);
      } catch (error) {
        throw toRefusal(error);
      }
    },
  };
}
