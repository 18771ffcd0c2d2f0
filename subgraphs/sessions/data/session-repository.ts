import { toOutboxRow } from '../../../shared/events/outbox.js';
import type { RawDatabase } from '../../../shared/events/raw-database.js';
import { Prisma } from '../__generated__/prisma/client.js';
import type { SessionRepository } from '../services/session-repository.js';
import type { Session, SessionObservation } from '../services/session.js';
import { onlyUuids, type SessionsPrisma } from './prisma.js';

const columns = { id: true, userId: true, device: true, startedAt: true, lastSeenAt: true, expiresAt: true } as const;

/**
 * What an observation says of a row that may not exist yet. What `device` and `startedAt` are, only `Started` knows for sure: the others
 * write them into a new row alone.
 */
interface Row {
  readonly device: string | null;
  readonly startedAt: Date;
  readonly seenAt: Date;
  readonly expiresAt: Date;
  readonly endedAt: Date | null;
  readonly endReason: string | null;
}

/** `sql` is the same database, asked with less ado: a session is written at every sign-in. */
export function createSessionRepository(prisma: SessionsPrisma, sql: Pick<RawDatabase, '$executeRawUnsafe'> = prisma): SessionRepository {
  return {
    async merge(observation) {
      const { id, userId, kind } = observation;
      const row = toRow(observation);
      const isStart = kind === 'Started';
      // Each column takes the earlier, the later or the surer of two values, so that the order of observations does not matter; and a
      // row is never written twice with the same.
      const { text, values } = Prisma.sql`
        INSERT INTO sessions.session AS known (id, user_id, device, started_at, last_seen_at, expires_at, ended_at, end_reason)
        VALUES (
          ${id}::uuid, ${userId}::uuid, ${row.device}, ${toSql(row.startedAt)}::timestamptz, ${toSql(row.seenAt)}::timestamptz,
          ${toSql(row.expiresAt)}::timestamptz, ${toSql(row.endedAt)}::timestamptz, ${row.endReason}
        )
        ON CONFLICT (id) DO UPDATE SET
          device = CASE WHEN ${isStart} THEN excluded.device ELSE known.device END,
          started_at = CASE WHEN ${isStart} THEN excluded.started_at ELSE known.started_at END,
          last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at),
          expires_at = greatest(known.expires_at, excluded.expires_at),
          ended_at = least(known.ended_at, excluded.ended_at),
          end_reason = CASE
            WHEN known.ended_at IS NULL OR excluded.ended_at < known.ended_at THEN excluded.end_reason ELSE known.end_reason
          END
        WHERE known.user_id = excluded.user_id`;
      await sql.$executeRawUnsafe(text, ...values);
    },

    list(userId, now) {
      return prisma.session.findMany({ where: { userId, ...living(now) }, select: columns });
    },

    async find({ userId, ids }, now): Promise<readonly Session[]> {
      const uuids = onlyUuids(ids);
      if (uuids.length === 0) return [];
      return prisma.session.findMany({ where: { id: { in: uuids }, userId, ...living(now) }, select: columns });
    },

    async end({ id, userId }, { endedAt, reason, event }) {
      return prisma.$transaction(async (tx) => {
        const { count } = await tx.session.updateMany({
          where: { id, userId, ...living(endedAt) },
          data: { endedAt, endReason: reason },
        });
        if (count === 0) return false;
        await tx.outboxEvent.createMany({ data: [toOutboxRow(event)] });
        return true;
      });
    },

    async endedSince(since) {
      const rows = await prisma.session.findMany({ where: { endedAt: { gte: since } }, select: { id: true, endedAt: true } });
      return rows.flatMap(({ id, endedAt }) => (endedAt === null ? [] : [{ sessionId: id, endedAt: endedAt.getTime() }]));
    },
  };
}

function living(now: Date) {
  return { endedAt: null, expiresAt: { gt: now } };
}

function toRow(observation: SessionObservation): Row {
  switch (observation.kind) {
    case 'Started': {
      const { device, startedAt, expiresAt } = observation;
      return { device, startedAt, seenAt: startedAt, expiresAt, endedAt: null, endReason: null };
    }
    case 'Refreshed':
      return { ...observation, device: null, startedAt: observation.seenAt, endedAt: null, endReason: null };
    case 'Seen':
      return { ...observation, device: null, endedAt: null, endReason: null };
    case 'Ended': {
      const { endedAt, reason } = observation;
      return { device: null, startedAt: endedAt, seenAt: endedAt, expiresAt: endedAt, endedAt, endReason: reason };
    }
  }
}

/** With its zone, whatever the driver makes of dates. */
function toSql(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}
