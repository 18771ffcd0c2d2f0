import { foldName } from './fold-name.js';
import type { UsersPrisma } from './prisma.js';

/** Where a found name stands: `name` is folded. */
export interface NamePosition {
  readonly name: string;
  readonly userId: string;
}

export interface SearchNameRepository {
  /**
   * Users with a name that begins with `prefix` (as typed, not blank), each once, by the first of their names that does. In the order of
   * bytes, then of ids: a name that is the prefix itself comes before all that are longer. Without those between whom and `viewerId`
   * there is a block.
   */
  findByPrefix(
    prefix: string,
    search: { viewerId: string | null; limit: number; after: NamePosition | null },
  ): Promise<readonly NamePosition[]>;
}

/** The last code point of Unicode, which no text holds: everything that begins with a prefix sorts before the prefix followed by it. */
const endOfPrefix = '\u{10FFFF}';

export function createSearchNameRepository(prisma: UsersPrisma): SearchNameRepository {
  return {
    async findByPrefix(typed, { viewerId, limit, after }) {
      const prefix = foldName(typed);
      const end = prefix + endOfPrefix;
      const first = { name: prefix, userId: nilUuid };
      // One lower bound alone: given two, Postgres may start reading the index at the lower of them (64 ms instead of 1 in 400,000 names).
      const start = after !== null && isNotAfter(first.name, after.name) ? after : first;
      // A range instead of LIKE: it needs no escaping of wildcards, and uses the index also when the statement is planned without
      // knowing the prefix.
      return prisma.$queryRaw<NamePosition[]>`
        SELECT name, user_id::text AS "userId" FROM users.search_name
        WHERE (name, user_id) > (${start.name}, ${start.userId}::uuid) AND name < ${end}
          AND NOT coalesce(other_name >= ${prefix} AND other_name < ${end} AND other_name < name, false)
          -- Subqueries and no joins: one look into the primary key for each row found, and the order stays.
          AND (SELECT true FROM users.block WHERE blocker_id = search_name.user_id AND blocked_id = ${viewerId}::uuid) IS NULL
          AND (SELECT true FROM users.block WHERE blocker_id = ${viewerId}::uuid AND blocked_id = search_name.user_id) IS NULL
        ORDER BY name, user_id LIMIT ${limit}`;
    },
  };
}

/** In the order of bytes, which differs from JavaScript's own beyond the basic plane. Equal names count, for the ids' sake. */
function isNotAfter(name: string, other: string): boolean {
  return Buffer.compare(Buffer.from(name), Buffer.from(other)) <= 0;
}

/** Comes before every id. */
const nilUuid = '00000000-0000-0000-0000-000000000000';
