import { request, type Dispatcher } from 'undici';
import { z } from 'zod';
import { gatewaySecretHeader } from '../graphql/gateway-secret.js';
import type { Logger } from '../logging/logger.js';
import { accessTokenLifetimeMs, type Revocations } from './revocations.js';

/** Path of the sessions subgraph that tells which sessions have ended since `since`, in ms since the epoch. */
export const revocationsPath = '/internal/revocations';

const pollIntervalMs = 1_000;
/** Polls overlap by this much, because a transaction may commit later than the time that it writes, and clocks differ. In ms. */
const overlapMs = 30_000;
const requestTimeoutMs = 5_000;
/** So many polls may fail before it is worth a warning: processes that start together find each other absent at first. */
const quietFailures = 5;

const endedSessions = z.object({ sessions: z.array(z.object({ sessionId: z.string(), endedAt: z.number() })) });

export interface RevocationFeedOptions {
  /** Of the sessions subgraph, without a path. */
  readonly origin: string;
  readonly gatewaySecret: string;
  readonly revocations: Revocations;
  readonly logger: Logger;
  readonly dispatcher?: Dispatcher;
  readonly now?: () => number;
  /** Between the end of one poll and the start of the next, in ms. */
  readonly intervalMs?: number;
}

export interface RevocationFeed {
  /** Resolves after the first poll, whether it succeeded or not. */
  readonly polled: Promise<void>;
  close(): Promise<void>;
}

/**
 * Tells `revocations` every second which sessions have ended, as the sessions subgraph knows them. The first successful poll covers
 * the life of an access token. While the subgraph does not answer, tokens stay good until they expire; the next poll catches up.
 */
export function createRevocationFeed(options: RevocationFeedOptions): RevocationFeed {
  const { origin, revocations, logger, now = Date.now, intervalMs = pollIntervalMs } = options;
  const abort = new AbortController();
  let since = now() - accessTokenLifetimeMs;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;

  async function fetchEnded() {
    const { statusCode, body } = await request(`${origin}${revocationsPath}?since=${since}`, {
      ...(options.dispatcher === undefined ? {} : { dispatcher: options.dispatcher }),
      headers: { [gatewaySecretHeader]: options.gatewaySecret },
      signal: AbortSignal.any([abort.signal, AbortSignal.timeout(requestTimeoutMs)]),
    });
    if (statusCode !== 200) {
      await body.dump();
      throw new Error(`The sessions subgraph answered ${statusCode}`);
    }
    return endedSessions.parse(await body.json()).sessions;
  }

  async function poll(): Promise<void> {
    const started = now();
    try {
      for (const session of await fetchEnded()) revocations.revoke(session);
      since = started - overlapMs;
      if (failures >= quietFailures) logger.info('revocations are known again');
      failures = 0;
    } catch (error) {
      failures += 1;
      // Once per outage, not once a second.
      if (failures === quietFailures) logger.warn({ err: error }, 'revocations cannot be read; trying again every second');
    }
  }

  async function pollAndPlan(): Promise<void> {
    await poll();
    if (abort.signal.aborted) return;
    timer = setTimeout(() => {
      running = pollAndPlan();
    }, intervalMs);
  }

  let running = pollAndPlan();
  return {
    polled: running,
    async close() {
      abort.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
