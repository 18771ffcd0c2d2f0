import type { UsersPrisma } from './prisma.js';

export interface BlockRepository {
  /** Who has blocked or is blocked by each of `userIds` (uuids in small letters), at most `limit` of them; no entry = nobody. */
  findOtherSides(userIds: readonly string[], limit: number): Promise<ReadonlyMap<string, readonly string[]>>;
}

export function createBlockRepository(prisma: UsersPrisma): BlockRepository {
  return {
    async findOtherSides(userIds, limit) {
      if (userIds.length === 0) return new Map();
      const rows = await prisma.$queryRaw<{ userId: string; otherIds: string[] }[]>`
        SELECT asked.id::text AS "userId", array_agg(side.other_id::text) AS "otherIds"
        FROM (SELECT value::uuid AS id FROM jsonb_array_elements_text(${JSON.stringify(userIds)}::jsonb)) AS asked
        CROSS JOIN LATERAL (
          SELECT blocked_id AS other_id FROM users.block WHERE blocker_id = asked.id
          UNION SELECT blocker_id FROM users.block WHERE blocked_id = asked.id
          LIMIT ${limit}::int
        ) AS side
        GROUP BY asked.id`;
      return new Map(rows.map(({ userId, otherIds }) => [userId, otherIds]));
    },
  };
}
