import { toOutboxRow } from '../../../shared/events/outbox.js';
import type { RawDatabase } from '../../../shared/events/raw-database.js';
import { Prisma } from '../__generated__/prisma/client.js';
import type { ChangedSession, SessionChange, SessionRepository, SessionsOfUser } from '../services/session-repository.js';
import type { EndReason, ObservedSession, Session, SessionObservation } from '../services/session.js';
import { onlyUuids, type SessionsPrisma } from './prisma.js';

const columns = {
  id: true,
  userId: true,
  device: true,
  startedAt: true,
  lastSeenAt: true,
  expiresAt: true,
  data: true,
  version: true,
} as const;

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

type MergeRow = ObservedSession & { readonly moment: 'before' | 'after' };

/** `sql` is the same database, asked with less ado: a session is written at every sign-in. */
export function createSessionRepository(prisma: SessionsPrisma, sql: Pick<RawDatabase, '$queryRawUnsafe'> = prisma): SessionRepository {
  async function find({ userId, ids }: SessionsOfUser, now: Date): Promise<readonly Session[]> {
    const uuids = onlyUuids(ids);
    if (uuids.length === 0) return [];
    return prisma.session.findMany({ where: { id: { in: uuids }, userId, ...living(now) }, select: columns });
  }

  return {
    async merge(observation) {
      const { id, userId, kind } = observation;
      const row = toRow(observation);
      const isStart = kind === 'Started';
      // Other processes write as well: one of them may have done so just now.
      const seenBefore = kind === 'Seen' ? observation.notSince : null;
      // Each column takes the earlier, the later or the surer of two values, so that the order of observations does not matter. EXPIRED
      // is only what it looked like when nothing else was heard: whatever says better replaces it.
      const { text, values } = Prisma.sql`
        WITH before AS (SELECT * FROM sessions.session WHERE id = ${id}::uuid AND user_id = ${userId}::uuid), after AS (
          INSERT INTO sessions.session AS known (id, user_id, device, started_at, last_seen_at, expires_at, ended_at, end_reason)
          VALUES (
            ${id}::uuid, ${userId}::uuid, ${row.device}, ${toSql(row.startedAt)}::timestamptz, ${toSql(row.seenAt)}::timestamptz,
            ${toSql(row.expiresAt)}::timestamptz, ${toSql(row.endedAt)}::timestamptz, ${row.endReason}
          )
          ON CONFLICT (id) DO UPDATE SET
            device = CASE WHEN ${isStart} AND NOT known.is_device_named THEN excluded.device ELSE known.device END,
            started_at = CASE WHEN ${isStart} THEN excluded.started_at ELSE known.started_at END,
            last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at),
            expires_at = greatest(known.expires_at, excluded.expires_at),
            ended_at = CASE
              WHEN known.end_reason IS DISTINCT FROM 'EXPIRED' THEN least(known.ended_at, excluded.ended_at)
              WHEN excluded.ended_at IS NOT NULL OR excluded.expires_at > known.expires_at THEN excluded.ended_at
              ELSE known.ended_at
            END,
            end_reason = CASE
              WHEN known.end_reason = 'EXPIRED' AND excluded.ended_at IS NULL AND excluded.expires_at > known.expires_at THEN NULL
              WHEN excluded.ended_at IS NOT NULL
                AND (known.ended_at IS NULL OR known.end_reason = 'EXPIRED' OR excluded.ended_at < known.ended_at)
                THEN excluded.end_reason
              ELSE known.end_reason
            END
          WHERE known.user_id = excluded.user_id AND (
            ${toSql(seenBefore)}::timestamptz IS NULL OR known.last_seen_at <= ${toSql(seenBefore)}::timestamptz
            OR known.expires_at < excluded.expires_at
          )
          RETURNING *
        )
        SELECT 'before' AS moment, ${merged} FROM before UNION ALL SELECT 'after', ${merged} FROM after`;
      const rows = await sql.$queryRawUnsafe<readonly MergeRow[]>(text, ...values);
      const at = (wanted: MergeRow['moment']) => rows.find(({ moment }) => moment === wanted) ?? null;
      return { before: at('before'), after: at('after') };
    },

    list: (userId, now) => prisma.session.findMany({ where: { userId, ...living(now) }, select: columns }),

    find,

    async findStates({ userId, ids }) {
      const uuids = onlyUuids(ids);
      if (uuids.length === 0) return [];
      const rows = await prisma.session.findMany({
        where: { id: { in: uuids }, userId },
        select: { ...columns, endedAt: true, endReason: true },
      });
      return rows.map(({ endedAt, endReason, ...session }) => ({
        ...session,
        endReason: endedAt === null ? null : (endReason as EndReason),
      }));
    },

    async change(key, { toEvent, ...change }, now): Promise<ChangedSession> {
      const { id, userId } = key;
      if (onlyUuids([id]).length === 0) return { kind: 'NotFound' };
      const changed =
        toEvent === undefined
          ? await changeRow(prisma, key, change, now)
          : await prisma.$transaction(async (tx) => {
              const row = await changeRow(tx, key, change, now);
              if (row !== undefined) await tx.outboxEvent.createMany({ data: [toOutboxRow(toEvent(row))] });
              return row;
            });
      if (changed !== undefined) {
        const { hadData, ...session } = changed;
        return { kind: 'Changed', session, hadData };
      }
      const [session] = await find({ userId, ids: [id] }, now);
      return session === undefined ? { kind: 'NotFound' } : { kind: 'Conflict', session };
    },
  };
}

async function changeRow(
  prisma: Pick<SessionsPrisma, '$queryRaw'>,
  { id, userId }: { readonly id: string; readonly userId: string },
  { data, device, expectedVersion }: Omit<SessionChange, 'toEvent'>,
  now: Date,
): Promise<(Session & { readonly hadData: boolean }) | undefined> {
  const [setsData, setsDevice] = [data !== undefined, device !== undefined];
  // Whoever changes it at the same time is waited for, and counted: the row is locked before it is looked at.
  const [changed] = await prisma.$queryRaw<readonly (Session & { readonly hadData: boolean })[]>`
        WITH locked AS (
          SELECT id, version, data IS NOT NULL AS had_data FROM sessions.session
          WHERE id = ${id}::uuid AND user_id = ${userId}::uuid AND ended_at IS NULL AND expires_at > ${toSql(now)}::timestamptz
          FOR UPDATE
        )
        UPDATE sessions.session SET
          data = CASE WHEN ${setsData} THEN ${data ?? null}::jsonb ELSE session.data END,
          device = CASE WHEN ${setsDevice} THEN ${device ?? null} ELSE session.device END,
          is_device_named = session.is_device_named OR ${setsDevice},
          version = session.version + CASE WHEN ${setsData || setsDevice} THEN 1 ELSE 0 END
        FROM locked
        WHERE session.id = locked.id AND locked.version = coalesce(${expectedVersion ?? null}::int, locked.version)
        RETURNING session.id, session.user_id AS "userId", session.device, session.started_at AS "startedAt",
          session.last_seen_at AS "lastSeenAt", session.expires_at AS "expiresAt", session.data, session.version,
          locked.had_data AS "hadData"`;
  return changed;
}

const merged = Prisma.raw(`device, version, last_seen_at AS "lastSeenAt", expires_at AS "expiresAt", ended_at IS NOT NULL AS "isEnded"`);

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
