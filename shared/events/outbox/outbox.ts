import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { startWakeableLoop } from '../../background/wakeable-loop.js';
import type { Logger } from '../../logging/logger.js';
import { exponentialBackoff, type Backoff } from '../../background/backoff.js';
import { EventBusClosedError, type DomainEvent, type EventBus } from '../event-bus.js';
import { groupByKey } from '../group-by-key.js';
import { createOutboxTable } from './outbox-table.js';
import type { RawDatabase } from '../../database/raw-database.js';

type Json = string | number | boolean | null | JsonObject | readonly Json[];
interface JsonObject {
  readonly [name: string]: Json;
}

/** The row that announces `event`, for `tx.outboxEvent.createMany` in the transaction that makes the change. */
export function toOutboxRow(event: DomainEvent): { id: string; type: string; key: string; payload: JsonObject; occurredAt: Date } {
  return {
    id: event.id,
    type: event.type,
    key: event.key,
    payload: JSON.parse(JSON.stringify(event.payload)) as JsonObject,
    occurredAt: new Date(event.occurredAt),
  };
}

export interface OutboxRelay {
  /** Call it after the commit that wrote a row: it is then published at once instead of at the next poll. */
  wake(): void;
  /** What is not published yet: how many events, 10,000 at most, and how long the oldest has waited, in ms. */
  backlog(): Promise<{ readonly events: number; readonly oldestMs: number }>;
  /** Finishes the batch under way. Rows that are left are published after the next start. */
  close(): Promise<void>;
}

export interface OutboxRelayOptions {
  readonly database: RawDatabase;
  /** The subgraph's database schema, with the tables outbox_event, outbox_lease and inbox_event. */
  readonly schema: string;
  readonly bus: Pick<EventBus, 'publish'>;
  readonly logger: Logger;
  readonly now?: () => number;
  /** Whether no other process can relay this outbox: then the lease that a crash has left is taken over without waiting for its end. */
  readonly isAlone?: boolean;
  /** Tells this relay from those of other processes. */
  readonly holder?: string;
  readonly pollMs?: number;
  /** How long after a batch the next one is looked for, at the latest; in a stream of events not before: it is taken by the batch. */
  readonly restMs?: number;
  readonly leaseMs?: number;
  readonly batchSize?: number;
  readonly backoff?: Backoff;
}

const hour = 3_600_000;
const mostCounted = 10_000;
/** So many batches, each within a rest after the one before, are a stream. Before, an event is published when it wakes the relay. */
const streamLength = 8;
const publishedKeptMs = 7 * 24 * hour;
/** Longer than any repetition of a delivery is likely to come after the first. */
const takenKeptMs = 30 * 24 * hour;

/**
 * Publishes the rows of a subgraph's outbox in the order of their sequence, at least once, and deletes old ones. Of several processes
 * one relays at a time, by a lease in the database. When only some keys fail, these are set aside, each with its own backoff, and
 * everyone else's events go on; when all fail, the bus is down and everything waits. Nothing is ever given up.
 */
export function createOutboxRelay({
  database,
  schema,
  bus,
  logger,
  now = Date.now,
  isAlone = false,
  holder = isAlone ? 'alone' : randomUUID(),
  pollMs = 1000,
  restMs = 50,
  leaseMs = 10_000,
  batchSize = 100,
  backoff = exponentialBackoff({ first: 500, most: 10_000 }),
}: OutboxRelayOptions): OutboxRelay {
  const table = createOutboxTable(database, schema);
  const failing = new Map<string, { failures: number; retryAt: number }>();
  let busFailures = 0;
  let busRetryAt = 0;
  let nextCleaning = 0;
  let wakes = 0;
  let endRest = (): void => undefined;

  async function publish(events: readonly DomainEvent[]): Promise<DomainEvent[]> {
    const refused = await attempt(events);
    if (refused === undefined) return [...events];
    if (refused instanceof EventBusClosedError) {
      loop.stop();
      return [];
    }
    const byKey = [...groupByKey(events)];
    const results = byKey.length === 1 ? [refused] : await Promise.all(byKey.map(([, ofKey]) => attempt(ofKey)));
    const failed = results.filter((error) => error !== undefined);
    if (byKey.length > 1 && failed.length === byKey.length) {
      busFailures += 1;
      busRetryAt = now() + backoff(busFailures);
      logger.error({ err: refused, schema, failures: busFailures }, 'events cannot be published: the bus refuses them all');
      return [];
    }
    return byKey.flatMap(([key, ofKey], index) => {
      const error = results[index];
      if (error === undefined) return ofKey;
      const failures = (failing.get(key)?.failures ?? 0) + 1;
      failing.set(key, { failures, retryAt: now() + backoff(failures) });
      logger.error({ err: error, schema, key, eventId: ofKey[0]?.id, failures }, 'an event cannot be published, and holds up its key');
      return [];
    });
  }

  async function attempt(events: readonly DomainEvent[]): Promise<unknown> {
    try {
      await bus.publish(events);
      busFailures = 0;
      for (const { key } of events) failing.delete(key);
      return undefined;
    } catch (error) {
      return error ?? new Error('The bus rejected without a reason');
    }
  }

  async function drain(): Promise<void> {
    if (now() < busRetryAt || !(await table.hasUnpublished()) || !(await table.acquireLease(holder, leaseMs))) return;
    let leasedUntil = performance.now() + leaseMs;
    // A slow consumer may take longer than the lease: it is renewed meanwhile, and a relay that could not renew it stops by itself.
    let renewed: Promise<unknown> = Promise.resolve();
    const renewal = setInterval(() => {
      const asked = performance.now();
      renewed = table.acquireLease(holder, leaseMs).then(
        (isOurs) => (leasedUntil = isOurs ? asked + leaseMs : 0),
        (error: unknown) => logger.warn({ err: error, schema }, 'the lease of the outbox could not be renewed'),
      );
    }, leaseMs / 3);
    let batches = 0;
    try {
      while (!loop.closing.aborted && now() >= busRetryAt && performance.now() < leasedUntil) {
        const wakesBefore = wakes;
        const setAside = [...failing].filter(([, { retryAt }]) => retryAt > now()).map(([key]) => key);
        const events = await table.readUnpublished(setAside, batchSize);
        if (events.length === 0) break;
        const published = await publish(events);
        if (published.length > 0) await table.markPublished(published, now());
        if (events.length === batchSize) continue;
        // In a stream of events this may go on for hours.
        await clean();
        // With the lease still ours: a batch of a stream is two statements, not five.
        batches += 1;
        const isStream = batches >= streamLength;
        if (isStream || wakes === wakesBefore) await rest({ isInterruptible: !isStream });
      }
    } finally {
      clearInterval(renewal);
      await renewed;
      await table.releaseLease(holder);
    }
  }

  async function rest({ isInterruptible }: { isInterruptible: boolean }): Promise<void> {
    const woken = new AbortController();
    if (isInterruptible) endRest = () => woken.abort();
    await wait(restMs, undefined, { signal: AbortSignal.any([loop.closing, woken.signal]) }).catch(() => undefined);
    endRest = () => undefined;
  }

  async function clean(): Promise<void> {
    if (now() < nextCleaning) return;
    nextCleaning = now() + hour;
    await table.deletePublishedBefore(now() - publishedKeptMs);
    await table.deleteTakenBefore(now() - takenKeptMs);
  }

  const loop = startWakeableLoop({
    async work() {
      await drain();
      await clean();
    },
    onError: (error) => logger.error({ err: error, schema }, 'the outbox cannot be read or written'),
    pollMs,
  });
  return {
    wake() {
      wakes += 1;
      endRest();
      loop.wake();
    },
    backlog: () => table.backlog(mostCounted),
    close: () => loop.close(),
  };
}
