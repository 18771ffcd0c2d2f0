import type { DomainEvent } from '../event-bus.js';
import { schemaName, type RawDatabase } from '../../database/raw-database.js';

/** Rows per statement. */
const deletedAtOnce = 1_000;

interface Row {
  readonly id: string;
  readonly type: string;
  readonly key: string;
  readonly payload: unknown;
  readonly occurred_at: Date;
}

/** The SQL of outbox.ts. Lists are passed as JSON, which both drivers bind the same way. */
export function createOutboxTable(database: RawDatabase, schema: string) {
  const name = schemaName(schema);

  /** A batch at a time, leaving alone what another process is deleting: neither waits long for the other, nor anybody for them. */
  async function deleteInBatches(table: 'outbox_event' | 'inbox_event', column: 'published_at' | 'taken_at', time: number): Promise<void> {
    const deleteOne = () =>
      database.$executeRawUnsafe(
        `DELETE FROM ${name}.${table} WHERE ctid = ANY(ARRAY(
           SELECT ctid FROM ${name}.${table} WHERE ${column} < $1::timestamptz LIMIT $2::int FOR UPDATE SKIP LOCKED))`,
        new Date(time).toISOString(),
        deletedAtOnce,
      );
    while ((await deleteOne()) >= deletedAtOnce);
  }

  return {
    async hasUnpublished(): Promise<boolean> {
      const rows = await database.$queryRawUnsafe<unknown[]>(`SELECT 1 FROM ${name}.outbox_event WHERE published_at IS NULL LIMIT 1`);
      return rows.length > 0;
    },
    /** How many wait to be published, at most `limit`, and how long the oldest of them has, in ms. By the database's clock. */
    async backlog(limit: number): Promise<{ events: number; oldestMs: number }> {
      const [row] = await database.$queryRawUnsafe<{ events: number; oldest_ms: number }[]>(
        `SELECT count(*)::int AS events, coalesce(extract(epoch FROM clock_timestamp() - min(occurred_at)) * 1000, 0)::float8 AS oldest_ms
         FROM (SELECT occurred_at FROM ${name}.outbox_event WHERE published_at IS NULL ORDER BY sequence LIMIT $1::int) AS waiting`,
        limit,
      );
      return { events: row?.events ?? 0, oldestMs: Math.max(0, row?.oldest_ms ?? 0) };
    },
    /**
     * Takes or renews the lease, unless another holder has it. By the database's clock, since those of two machines may differ by more
     * than the lease.
     */
    async acquireLease(holder: string, leaseMs: number): Promise<boolean> {
      const taken = await database.$executeRawUnsafe(
        `INSERT INTO ${name}.outbox_lease AS lease (name, holder, until)
         VALUES ('relay', $1, clock_timestamp() + make_interval(secs => $2::float8))
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
         WHERE lease.holder = excluded.holder OR lease.until < clock_timestamp()`,
        holder,
        leaseMs / 1000,
      );
      return taken === 1;
    },
    async releaseLease(holder: string): Promise<void> {
      await database.$executeRawUnsafe(`DELETE FROM ${name}.outbox_lease WHERE name = 'relay' AND holder = $1`, holder);
    },
    async readUnpublished(exceptKeys: readonly string[], limit: number): Promise<DomainEvent[]> {
      const rows = await database.$queryRawUnsafe<Row[]>(
        `SELECT id::text AS id, type, key, payload, occurred_at FROM ${name}.outbox_event
         WHERE published_at IS NULL AND NOT ($1::jsonb ? key)
         ORDER BY sequence LIMIT $2::int`,
        JSON.stringify(exceptKeys),
        limit,
      );
      return rows.map(({ id, type, key, payload, occurred_at: occurredAt }) => ({
        id,
        type,
        key,
        payload,
        occurredAt: occurredAt.toISOString(),
      }));
    },
    async markPublished(events: readonly DomainEvent[], at: number): Promise<void> {
      await database.$executeRawUnsafe(
        `UPDATE ${name}.outbox_event SET published_at = $1::timestamptz
         WHERE id IN (SELECT value::uuid FROM jsonb_array_elements_text($2::jsonb))`,
        new Date(at).toISOString(),
        JSON.stringify(events.map((event) => event.id)),
      );
    },
    deletePublishedBefore: (time: number) => deleteInBatches('outbox_event', 'published_at', time),
    deleteTakenBefore: (time: number) => deleteInBatches('inbox_event', 'taken_at', time),
  };
}
