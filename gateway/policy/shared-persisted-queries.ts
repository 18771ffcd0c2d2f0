import type { Redis } from 'ioredis';
import { within } from '../../shared/redis/redis-connection.js';
import { hashOf } from './document-hash.js';
import type { OwnPersistedQueries, PersistedQueries } from './persisted-queries.js';

/** A document that nobody asked for in so long is forgotten. In seconds. */
const lifetimeSeconds = 7 * 24 * 60 * 60;
/** A client is quicker with the whole text than by waiting for longer. */
const timeoutMs = 250;

/** Adds what other gateways were told to what this one was. Without an answer of Redis it knows its own alone, and never fails. */
export function createSharedPersistedQueries(redis: Redis, own: OwnPersistedQueries): PersistedQueries {
  const key = (hash: string): string => `galaxia.document.${hash}`;

  async function find(hash: string): Promise<string | undefined> {
    try {
      const text = await within(timeoutMs, redis.getex(key(hash), 'EX', lifetimeSeconds));
      // Whoever can write into Redis must not decide what a client's hash means.
      if (text === null || hashOf(text) !== hash) return undefined;
      own.put(hash, text);
      return text;
    } catch {
      // The connection logs why.
      return undefined;
    }
  }

  return {
    get: (hash) => own.get(hash) ?? find(hash),
    put(hash, text) {
      if (own.get(hash) !== undefined) return;
      own.put(hash, text);
      // A document that is lost here is sent again by the next client that wants it.
      redis.set(key(hash), text, 'EX', lifetimeSeconds).catch(() => undefined);
    },
  };
}
