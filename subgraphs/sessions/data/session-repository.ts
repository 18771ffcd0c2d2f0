import { toOutboxRow } from '../../../shared/events/outbox/outbox.js';
import type { RawDatabase } from '../../../shared/database/raw-database.js';
import type { ChangedSession, SessionChange, SessionRepository, SessionsOfUser } from '../services/session-repository.js';
import type { EndReason, Session } from '../services/session.js';
import { onlyUuids, type SessionsPrisma } from './prisma.js';
import { createSessionMerge } from './session-merge.js';

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

/** `sql` is the same database, asked with less ado: a session is written at every sign-in. */
export function createSessionRepository(prisma: SessionsPrisma, sql: Pick<RawDatabase, '$queryRawUnsafe'> = prisma): SessionRepository {
  async function find({ userId, ids }: SessionsOfUser, now: Date): Promise<readonly Session[]> {
    const uuids = onlyUuids(ids);
    if (uuids.length === 0) return [];
    return prisma.session.findMany({ where: { id: { in: uuids }, userId, ...living(now) }, select: columns });
  }

  return {
    merge: createSessionMerge(sql),

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
      for (;;) {
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
        if (session === undefined) return { kind: 'NotFound' };
        // A session that is as the change wants it came in between, and was not there to be changed: it is now.
        const isAsWanted = change.expectedVersion === undefined || change.expectedVersion === session.version;
        if (!isAsWanted) return { kind: 'Conflict', session };
      }
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

function living(now: Date) {
  return { endedAt: null, expiresAt: { gt: now } };
}

/** With its zone, whatever the driver makes of dates. */
function toSql(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}
