import type { Onlooker } from '../services/gallery/onlooker.js';
import { Prisma } from '../__generated__/prisma/client.js';

/**
 * Whether the onlooker may see the image of a row. The one place of that rule; for each row found a look or two into a primary key, so
 * that a page of a long gallery still ends after a few rows.
 */
export function isVisible({ userId, seesPastBlocks }: Onlooker): Prisma.Sql {
  const relation = Prisma.sql`SELECT 1 FROM images.relation
    WHERE low_id = least(owner_id, ${userId}::uuid) AND high_id = greatest(owner_id, ${userId}::uuid)`;
  return Prisma.sql`(
    owner_id = ${userId}::uuid IS TRUE
    OR (
      (${seesPastBlocks}::boolean OR NOT EXISTS (${relation} AND (low_blocks OR high_blocks)))
      AND coalesce(
        (SELECT visibility = 'FRIENDS' AND EXISTS (${relation} AND are_friends) FROM images.hidden_profile WHERE user_id = owner_id),
        true
      )
    )
  )`;
}
