import { createBatchedLookup } from '../../../shared/database/batched-lookup.js';
import type { RawDatabase } from '../../../shared/database/raw-database.js';
import { defaultSettings, type Visibility } from '../presence/presence.js';
import type { PresenceSettingsRepository, StoredPresence } from '../services/presence/presence-settings-repository.js';
import { onlyUuids, type SessionsPrisma } from './prisma.js';

const columns = { revision: true, isBusy: true, statusMessage: true, visibility: true } as const;

interface Row {
  readonly userId: string;
  readonly revision: number;
  readonly isBusy: boolean;
  readonly statusMessage: string | null;
  readonly visibility: string;
  readonly lastConnectionAt: Date | null;
}

/** `sql` is the same database, asked with less ado: everybody who arrives is looked up twice. */
export function createPresenceSettingsRepository(
  prisma: SessionsPrisma,
  sql: Pick<RawDatabase, '$queryRawUnsafe'> = prisma,
): PresenceSettingsRepository {
  const find = createBatchedLookup<StoredPresence>(async (userIds) => {
    const uuids = onlyUuids(userIds);
    if (uuids.length === 0) return new Map();
    const rows = await sql.$queryRawUnsafe<readonly Row[]>(
      `SELECT known.user_id::text AS "userId", revision, is_busy AS "isBusy", status_message AS "statusMessage", visibility,
         last_connection_at AS "lastConnectionAt"
       FROM (SELECT DISTINCT value::uuid AS id FROM jsonb_array_elements_text($1::jsonb)) AS asked
       CROSS JOIN LATERAL (SELECT * FROM sessions.presence_setting WHERE user_id = asked.id LIMIT 1) AS known`,
      JSON.stringify(uuids),
    );
    return new Map(
      rows.map(({ userId, lastConnectionAt, visibility, ...settings }) => [
        userId,
        { settings: { ...settings, visibility: toVisibility(visibility) }, lastConnectionAt: lastConnectionAt?.getTime() ?? null },
      ]),
    );
  });

  return {
    find,

    async update(userId, patch) {
      const { revision, ...defaults } = defaultSettings;
      const { visibility, ...settings } = await prisma.presenceSetting.upsert({
        where: { userId },
        create: { userId, ...defaults, ...patch, revision: revision + 1 },
        update: { ...patch, revision: { increment: 1 } },
        select: columns,
      });
      return { ...settings, visibility: toVisibility(visibility) };
    },

    async recordConnections(times) {
      const rows = [...times].map(([userId, { at, isOver }]) => ({ user_id: userId, at: new Date(at).toISOString(), is_over: isOver }));
      // Not for somebody who is erased meanwhile, whose end of session is a last connection as well: the lock makes the two take turns.
      await prisma.$executeRaw`
        WITH
          given AS (
            SELECT user_id, at, is_over
            FROM json_to_recordset(${JSON.stringify(rows)}::json) AS row (user_id uuid, at timestamptz, is_over boolean)
          ),
          existing AS (
            SELECT user_id FROM sessions.known_user WHERE user_id IN (SELECT user_id FROM given) ORDER BY user_id FOR KEY SHARE
          )
        INSERT INTO sessions.presence_setting AS known (user_id, last_connection_at)
        SELECT user_id, at FROM given JOIN existing USING (user_id)
        LEFT JOIN sessions.presence_setting AS before USING (user_id)
        WHERE is_over OR before.last_connection_at IS NULL OR at >= before.last_connection_at + interval '290 seconds'
        ON CONFLICT (user_id) DO UPDATE SET last_connection_at = greatest(known.last_connection_at, excluded.last_connection_at)`;
    },
  };
}

/** What this version does not know is hidden rather than shown. */
function toVisibility(stored: string): Visibility {
  return stored === 'EVERYONE' || stored === 'FRIENDS' ? stored : 'NOBODY';
}
