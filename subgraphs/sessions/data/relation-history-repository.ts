import { NIL as nobody } from 'uuid';
import type { RelationHistoryRepository } from '../services/presence/relations.js';
import type { SessionsPrisma } from './prisma.js';

export function createRelationHistoryRepository(prisma: SessionsPrisma, now: () => number = Date.now): RelationHistoryRepository {
  return {
    async add([lowId, highId], { wereFriends }) {
      // Not for somebody who is erased meanwhile: the lock makes the two take turns.
      await prisma.$executeRaw`
        WITH existing AS (
          SELECT user_id FROM sessions.known_user WHERE user_id IN (${lowId}::uuid, ${highId}::uuid) ORDER BY user_id FOR KEY SHARE
        )
        INSERT INTO sessions.relation_change AS known (user_id, other_id, friends_until)
        SELECT one.user_id, other.user_id, CASE WHEN ${wereFriends}::boolean THEN now() END
        FROM existing AS one JOIN existing AS other ON one.user_id <> other.user_id
        ON CONFLICT (user_id, other_id) DO UPDATE SET
          changed_at = excluded.changed_at, friends_until = coalesce(excluded.friends_until, known.friends_until)`;
    },

    async since(userId, since) {
      // By the age, because the rows have the time of the database, and the clock of this process may be minutes off.
      const ageMs = now() - since;
      const rows = await prisma.$queryRaw<{ otherId: string; wereFriends: boolean }[]>`
        SELECT other_id AS "otherId", coalesce(friends_until >= from_then, false) AS "wereFriends"
        FROM sessions.relation_change, (SELECT now() - ${ageMs}::float8 * interval '1 millisecond' AS from_then) AS asked
        WHERE user_id = ${userId}::uuid AND changed_at >= from_then`;
      return rows.map(({ otherId, wereFriends }) => ({ otherId: otherId === nobody ? null : otherId, wereFriends }));
    },

    async forgetOld() {
      await prisma.$executeRaw`DELETE FROM sessions.relation_change WHERE changed_at < now() - interval '1 day'`;
    },
  };
}

/** In the transaction that erases a user: their friends must forget them, and nobody may find out by this who it was. */
export async function eraseRelationHistory(tx: Pick<SessionsPrisma, '$executeRaw'>, userId: string): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO sessions.relation_change (user_id, other_id)
    SELECT CASE WHEN low_id = ${userId}::uuid THEN high_id ELSE low_id END, ${nobody}::uuid
    FROM sessions.relation WHERE (low_id = ${userId}::uuid OR high_id = ${userId}::uuid) AND are_friends
    ON CONFLICT (user_id, other_id) DO UPDATE SET changed_at = excluded.changed_at`;
  await tx.$executeRaw`DELETE FROM sessions.relation_change WHERE user_id = ${userId}::uuid OR other_id = ${userId}::uuid`;
}
