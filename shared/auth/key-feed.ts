import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { request, type Dispatcher } from 'undici';
import { z } from 'zod';
import { startWakeableLoop, type WakeableLoop } from '../background/wakeable-loop.js';
import { AppError } from '../errors/app-error.js';
import { gatewaySecretHeader } from '../graphql/gateway-secret.js';
import type { Logger } from '../logging/logger.js';
import type { Revocations } from './revocations.js';

const pollIntervalMs = 1_000;
/** How often an unknown `kid` may make us ask: forged ones cost at most that. */
const cooldownMs = 1_000;
/** How long the last keys are good while auth does not answer. */
const keptMs = 10 * 60_000;
const requestTimeoutMs = 3_000;
/** So many polls may fail before it is worth a warning: processes that start together find each other absent at first. */
const quietFailures = 5;

/** What `/.well-known/jwks.json` answers (RFC 7517), with a member of our own. */
export interface PublishedKeys extends JSONWebKeySet {
  /** Ids of keys that may be known to others: nothing that they signed counts any more. */
  readonly revoked: readonly string[];
}

const publishedKeys: z.ZodType<PublishedKeys> = z.object({
  keys: z.array(z.looseObject({ kty: z.string() })),
  revoked: z.array(z.string()).default([]),
});

export interface KeyFeed {
  /** Public keys by `kid`, for `createAccessTokenVerifier`. Rejects when there are none to be had. */
  readonly keys: JWTVerifyGetKey;
  /** What auth published last. Throws an `UNAVAILABLE` `AppError` when there was never anything. */
  published(): Promise<PublishedKeys>;
  close(): Promise<void>;
}

export interface KeyFeedOptions {
  /** Where auth publishes its keys. */
  readonly url: string;
  readonly gatewaySecret: string | undefined;
  /** Told of keys that are revoked, since whoever has verified a token remembers that. */
  readonly revocations: Pick<Revocations, 'revokeKey'>;
  readonly logger: Logger;
  readonly dispatcher?: Dispatcher;
  readonly now?: () => number;
  /** Between the end of one poll and the start of the next, in ms. */
  readonly intervalMs?: number;
}

/**
 * The public keys of the auth subgraph, asked for again every second from the first use on, so that a key that was revoked is refused
 * within seconds. A key that is merely missing is not revoked: another replica of auth may not have heard of it yet.
 */
export function createKeyFeed(options: KeyFeedOptions): KeyFeed {
  const { url, gatewaySecret, revocations, logger, now = Date.now, intervalMs = pollIntervalMs } = options;
  let last: { readonly published: PublishedKeys; readonly local: JWTVerifyGetKey; readonly at: number } | undefined;
  let askedAt = -Infinity;
  let asking: Promise<void> | undefined;
  let failures = 0;
  let polling: WakeableLoop | undefined;

  async function ask(): Promise<void> {
    askedAt = now();
    const { statusCode, body } = await request(url, {
      ...(options.dispatcher === undefined ? {} : { dispatcher: options.dispatcher }),
      headers: gatewaySecret === undefined ? {} : { [gatewaySecretHeader]: gatewaySecret },
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    if (statusCode !== 200) {
      await body.dump();
      throw new Error(`The auth subgraph answered ${statusCode}`);
    }
    const published = publishedKeys.parse(await body.json());
    for (const kid of published.revoked) revocations.revokeKey(kid);
    last = { published, local: createLocalJWKSet(published), at: askedAt };
  }

  function refresh(): Promise<void> {
    asking ??= ask().finally(() => (asking = undefined));
    return asking;
  }

  function current() {
    if (last === undefined) throw new Error('The signing keys are not there.');
    return last;
  }

  async function poll(): Promise<void> {
    try {
      await refresh();
      if (failures >= quietFailures) logger.info('signing keys are known again');
      failures = 0;
    } catch (error) {
      failures += 1;
      // Once per outage, not once a second.
      if (failures === quietFailures) logger.warn({ err: error }, 'the signing keys cannot be read; trying again every second');
    }
  }

  function follow(): void {
    polling ??= startWakeableLoop({
      work: poll,
      onError: (error) => logger.error({ err: error }, 'following the signing keys failed'),
      pollMs: intervalMs,
    });
  }

  return {
    async keys(header, token) {
      follow();
      if (last === undefined || now() - last.at >= keptMs) await refresh();
      const isKnown = last?.published.keys.some(({ kid }) => kid === header.kid) === true;
      if (!isKnown && (asking !== undefined || now() - askedAt >= cooldownMs)) await refresh();
      return current().local(header, token);
    },
    async published() {
      follow();
      try {
        if (last === undefined) await refresh();
      } catch (cause) {
        throw new AppError('UNAVAILABLE', 'The signing keys cannot be read at the moment. Try again.', { retryAfter: 5, cause });
      }
      return current().published;
    },
    async close() {
      await polling?.close();
    },
  };
}
