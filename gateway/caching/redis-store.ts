import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { within } from '../../shared/redis/redis-connection.js';
import { longestLifetimeSeconds } from '../datasources/answer-lifetime.js';
import type { AnswerStore, KeptAnswer, StoreReading } from './answer-store.js';

export interface RedisStoreOptions {
  /** Longer texts are not kept, in characters. */
  readonly maxLength: number;
  readonly now?: () => number;
  /** How long it is waited for. A subgraph is asked instead. Default 25 ms. */
  readonly timeoutMs?: number;
}

/** After a failure Redis is left alone, in ms: nobody is to wait for it again and again. */
const restMs = 1_000;
/** Longer than any answer is kept. A user whose generation is forgotten gets another one, and their answers are nobody's any more. */
const generationMs = 2 * longestLifetimeSeconds * 1_000;
/** Users whose new generation could not be told. */
const maxUntold = 100_000;
/** When it is over, the generation, the stamp, the tags. */
const entry = /^(\d{1,16}) ([\w-]+) (\d{1,16}) (\S*) /;
const everyone = '-';

/** Keeps answers where other gateways find them. Without an answer of Redis nothing is there, and it never fails. */
export function createRedisStore(redis: Redis, options: RedisStoreOptions): AnswerStore {
  const { maxLength, now = Date.now, timeoutMs = 25 } = options;
  const untold = new Set<string>();
  let restsUntil = 0;

  /** Undefined when Redis does not answer in time. */
  async function ask<Reply>(command: () => Promise<Reply>): Promise<Reply | undefined> {
    if (now() < restsUntil) return undefined;
    try {
      return await within(timeoutMs, command());
    } catch {
      // The connection logs why.
      restsUntil = now() + restMs;
      return undefined;
    }
  }

  function read(text: string | null): KeptAnswer | undefined {
    const [start = '', expiresAt, generation, stamp, tags = ''] = (text === null ? null : entry.exec(text)) ?? [];
    const readTags = decode(tags);
    if (text === null || expiresAt === undefined || Number(expiresAt) <= now() || readTags === undefined) return undefined;
    return {
      text: text.slice(start.length),
      expiresAt: Number(expiresAt),
      stamp: Number(stamp),
      ...(generation === everyone ? {} : { generation }),
      ...(readTags.length === 0 ? {} : { tags: readTags }),
    };
  }

  /** The one that there is, or the first one. */
  async function beginGeneration(subject: string): Promise<string | undefined> {
    const made = randomUUID();
    const before = await ask(() => redis.set(generationKey(subject), made, 'PX', generationMs, 'NX', 'GET'));
    return before === undefined ? undefined : (before ?? made);
  }

  async function renew(subject: string): Promise<void> {
    const reply = await ask(() => redis.set(generationKey(subject), randomUUID(), 'PX', generationMs));
    if (reply !== undefined) untold.delete(subject);
    else if (untold.size < maxUntold) untold.add(subject);
  }

  return {
    async read(keys, subject): Promise<StoreReading> {
      if (subject !== undefined && untold.has(subject)) await renew(subject);
      const generations = subject === undefined ? [] : [generationKey(subject)];
      const replies = (await ask(() => redis.mget([...generations, ...keys.map(answerKey)]))) ?? [];
      const answers = keys.map((_key, index) => read(replies[generations.length + index] ?? null));
      if (subject === undefined || replies.length === 0 || untold.has(subject)) return { answers, generation: undefined };
      return { answers, generation: replies[0] ?? (await beginGeneration(subject)) };
    },
    write(key, { text, expiresAt, generation = everyone, stamp, tags = [] }) {
      const ms = Math.ceil(expiresAt - now());
      if (ms <= 0 || text.length > maxLength) return;
      const start = `${Math.floor(expiresAt)} ${generation} ${stamp} ${tags.map(encodeURIComponent).join(',')}`;
      void ask(() => redis.set(answerKey(key), `${start} ${text}`, 'PX', ms));
    },
    renew,
    stats: () => ({ entries: 0, bytes: 0 }),
    close: () => Promise.resolve(),
  };
}

/** Undefined for what is none of ours. */
function decode(tags: string): readonly string[] | undefined {
  try {
    return tags === '' ? [] : tags.split(',').map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function answerKey(key: string): string {
  return `galaxia.answer.${key}`;
}

function generationKey(subject: string): string {
  return `galaxia.answers-of.${subject}`;
}
