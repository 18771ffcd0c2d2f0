import DataLoader from 'dataloader';
import type { RawDatabase } from '../../../shared/database/raw-database.js';
import { Prisma } from '../__generated__/prisma/client.js';
import type { MergedSession } from '../services/session-repository.js';
import type { ObservedSession, SessionObservation } from '../services/session.js';

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

type MergeRow = ObservedSession & { readonly id: string; readonly moment: 'before' | 'after' };

/** Sessions in one statement. */
const mostAtOnce = 100;

/**
 * `SessionRepository.merge`. What a batch of events tells, and who arrives, comes in one turn of the event loop, and is written in one
 * statement: in a stream of sign-ins one for each would cost the database as much as the sign-ins themselves (docs/adr/0009).
 */
export function createSessionMerge(sql: Pick<RawDatabase, '$queryRawUnsafe'>): (observation: SessionObservation) => Promise<MergedSession> {
  const loaders = {
    Started: createLoader('Started'),
    Refreshed: createLoader('Refreshed'),
    Ended: createLoader('Ended'),
    Seen: createLoader('Seen'),
  };

  function createLoader(kind: SessionObservation['kind']) {
    return new DataLoader<SessionObservation, MergedSession>((batch) => mergeBatch(batch, kind), {
      cache: false,
      maxBatchSize: mostAtOnce,
      batchScheduleFn: (callback) => void setImmediate(callback),
    });
  }

  async function mergeBatch(batch: readonly SessionObservation[], kind: SessionObservation['kind']): Promise<(MergedSession | Error)[]> {
    const isOnceEach = new Set(batch.map(({ id }) => id.toLowerCase())).size === batch.length;
    if (isOnceEach) {
      try {
        return await write(batch, kind);
      } catch (error) {
        if (batch.length === 1) return [toError(error)];
      }
    }
    // A statement writes no row twice; and what one of them suffers from, be it a deadlock or a text that no database takes, is its own.
    return (await Promise.all(batch.map((observation) => mergeBatch([observation], kind)))).flat();
  }

  async function write(batch: readonly SessionObservation[], kind: SessionObservation['kind']): Promise<MergedSession[]> {
    const isStart = kind === 'Started';
    // Other processes write as well: one of them may have done so just now.
    const since = earliestNotSince(batch)?.toISOString() ?? null;
    // Each column takes the earlier, the later or the surer of two values, so that the order of observations does not matter. EXPIRED
    // is only what it looked like when nothing else was heard: whatever says better replaces it. Rows are found one by one (LATERAL with a
    // limit), by their key: what is planned for a hundred of them while there are few reads the whole table when there are many. Two
    // batches lock what both write in the order of its ids.
    const { text, values } = Prisma.sql`
      WITH told AS (
        SELECT * FROM jsonb_to_recordset(${JSON.stringify(batch.map(toInput))}::jsonb) AS told (id uuid, "userId" uuid, device text,
          "startedAt" timestamptz, "seenAt" timestamptz, "expiresAt" timestamptz, "endedAt" timestamptz, "endReason" text)
      ),
      before AS (
        SELECT known.* FROM told
        CROSS JOIN LATERAL (SELECT * FROM sessions.session WHERE id = told.id AND user_id = told."userId" LIMIT 1) AS known
      ),
      after AS (
        INSERT INTO sessions.session AS known (id, user_id, device, started_at, last_seen_at, expires_at, ended_at, end_reason)
        SELECT id, "userId", device, "startedAt", "seenAt", "expiresAt", "endedAt", "endReason" FROM told ORDER BY id
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
          ${since}::timestamptz IS NULL OR known.last_seen_at <= ${since}::timestamptz OR known.expires_at < excluded.expires_at
        )
        RETURNING *
      )
      SELECT 'before' AS moment, ${merged} FROM before UNION ALL SELECT 'after', ${merged} FROM after`;
    const rows = await sql.$queryRawUnsafe<readonly MergeRow[]>(text, ...values);
    const at = (wanted: MergeRow['moment']) =>
      new Map(rows.filter(({ moment }) => moment === wanted).map(({ id, moment: _moment, ...session }) => [id, session]));
    const [before, after] = [at('before'), at('after')];
    return batch.map(({ id }) => ({ before: before.get(id.toLowerCase()) ?? null, after: after.get(id.toLowerCase()) ?? null }));
  }

  return (observation) => loaders[observation.kind].load(observation);
}

/** Of those who are seen, undefined for anything else. They come in one turn, and so within some milliseconds. */
function earliestNotSince(batch: readonly SessionObservation[]): Date | undefined {
  return batch
    .flatMap((observation) => (observation.kind === 'Seen' ? [observation.notSince] : []))
    .sort((a, b) => a.getTime() - b.getTime())[0];
}

const merged = Prisma.raw(
  `id::text AS id, device, version, last_seen_at AS "lastSeenAt", expires_at AS "expiresAt", ended_at IS NOT NULL AS "isEnded"`,
);

/** As JSON writes it: times with their zone, whatever the driver makes of dates. */
function toInput(observation: SessionObservation): Row & { readonly id: string; readonly userId: string } {
  const { device, startedAt, seenAt, expiresAt, endedAt, endReason } = toRow(observation);
  return { id: observation.id, userId: observation.userId, device, startedAt, seenAt, expiresAt, endedAt, endReason };
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

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error('A session cannot be written', { cause: error });
}
