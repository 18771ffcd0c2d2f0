import { createBatchedRead } from '../database/batched-read.js';
import type { DomainEventPayload } from '../events/domain-events.js';
import { takeOnce } from '../events/outbox/inbox.js';
import { schemaName, type RawDatabase } from '../database/raw-database.js';
import { isAnyErased, markErased } from './erased-users.js';

/** Who is no stranger to somebody. Blocked either way is the same. */
export type RelationKind = 'FRIEND' | 'BLOCKED';

/** How two users stand from now on, as the users subgraph announces it: the lower id first. */
export type RelationChange = DomainEventPayload<'relation.changed'>;

/** A Prisma client, as far as it is needed here. */
export interface TransactionalDatabase extends RawDatabase {
  $transaction<Result>(work: (tx: RawDatabase) => Promise<Result>): Promise<Result>;
}

/**
 * How users stand to each other, as one subgraph keeps it in its own table `relation` (each schema.prisma has it; no row = strangers).
 * Ids of any form may be asked for; who has none that is a uuid in small letters stands to nobody.
 */
export interface RelationTable {
  friendsOf(userId: string): Promise<ReadonlySet<string>>;
  /** Those of `otherIds` who are no strangers to `userId`. */
  among(userId: string, otherIds: readonly string[]): Promise<ReadonlyMap<string, RelationKind>>;
  /**
   * Those of `otherIds` who do not exist for `userId`, because they block them. Whoever blocks somebody in turn still sees them, in the
   * list of the blocked, else the block could not be taken back.
   */
  hiddenFrom(userId: string, otherIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Everyone between whom and each of `userIds` there is a block, whoever made it, at most `limit` of them; no entry = nobody. */
  blockedWith(userIds: readonly string[], limit: number): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Has no effect for an event that was taken before, nor for one about a user who was erased since. */
  take(eventId: string, change: RelationChange): Promise<void>;
}

interface Row {
  readonly otherId: string;
  readonly areFriends: boolean;
  readonly blocks: boolean;
  readonly isBlocked: boolean;
}

export function createRelationTable(database: TransactionalDatabase, schema: string): RelationTable {
  const table = `${schemaName(schema)}.relation`;

  /** One look into the primary key for each of the others, whether anything is between them or not. */
  function find(userId: string, otherIds: readonly string[]): PromiseLike<readonly Row[]> {
    return database.$queryRawUnsafe<Row[]>(
      `SELECT other.id::text AS "otherId", are_friends AS "areFriends",
         CASE WHEN low_id = other.id THEN low_blocks ELSE high_blocks END AS "blocks",
         CASE WHEN low_id = other.id THEN high_blocks ELSE low_blocks END AS "isBlocked"
       FROM (SELECT DISTINCT value::uuid AS id FROM jsonb_array_elements_text($2::jsonb)) AS other
       JOIN ${table} ON low_id = least(other.id, $1::uuid) AND high_id = greatest(other.id, $1::uuid)`,
      userId,
      JSON.stringify(otherIds.filter(isUuid)),
    );
  }

  const friends = createBatchedRead<ReadonlySet<string>>(async (userIds) => {
    const rows = await database.$queryRawUnsafe<{ userId: string; otherIds: string[] }[]>(
      `SELECT asked.id::text AS "userId", array_agg(side.other_id::text) AS "otherIds"
       FROM (SELECT DISTINCT value::uuid AS id FROM jsonb_array_elements_text($1::jsonb)) AS asked
       CROSS JOIN LATERAL (
         SELECT high_id AS other_id FROM ${table} WHERE low_id = asked.id AND are_friends
         UNION ALL SELECT low_id FROM ${table} WHERE high_id = asked.id AND are_friends
       ) AS side
       GROUP BY asked.id`,
      JSON.stringify(userIds),
    );
    return new Map(rows.map(({ userId, otherIds }) => [userId, new Set(otherIds)]));
  });

  return {
    friendsOf: async (userId) => (isUuid(userId) ? await friends(userId.toLowerCase()) : undefined) ?? new Set(),

    async among(userId, otherIds) {
      const rows = await find(userId, otherIds);
      return new Map(rows.map(({ otherId, blocks, isBlocked }) => [otherId, blocks || isBlocked ? 'BLOCKED' : 'FRIEND']));
    },

    async hiddenFrom(userId, otherIds) {
      const rows = await find(userId, otherIds);
      return new Set(rows.filter(({ blocks, isBlocked }) => blocks && !isBlocked).map(({ otherId }) => otherId));
    },

    async blockedWith(userIds, limit) {
      const rows = await database.$queryRawUnsafe<{ userId: string; otherIds: string[] }[]>(
        `SELECT asked.id::text AS "userId", array_agg(side.other_id::text) AS "otherIds"
         FROM (SELECT DISTINCT value::uuid AS id FROM jsonb_array_elements_text($1::jsonb)) AS asked
         CROSS JOIN LATERAL (
           SELECT high_id AS other_id FROM ${table} WHERE low_id = asked.id AND (low_blocks OR high_blocks)
           UNION ALL SELECT low_id FROM ${table} WHERE high_id = asked.id AND (low_blocks OR high_blocks)
           LIMIT $2::int
         ) AS side
         GROUP BY asked.id`,
        JSON.stringify(userIds.filter(isUuid)),
        limit,
      );
      return new Map(rows.map(({ userId, otherIds }) => [userId, otherIds]));
    },

    take: (eventId, { userIds, friends, blockers }) =>
      database.$transaction(async (tx) => {
        if (!(await takeOnce(tx, schema, eventId))) return;
        if (await isAnyErased(tx, schema, userIds)) return;
        const [lowId, highId] = userIds;
        await tx.$executeRawUnsafe(`DELETE FROM ${table} WHERE low_id = $1::uuid AND high_id = $2::uuid`, lowId, highId);
        if (!friends && blockers.length === 0) return;
        await tx.$executeRawUnsafe(
          `INSERT INTO ${table} (low_id, high_id, are_friends, low_blocks, high_blocks) VALUES ($1::uuid, $2::uuid, $3, $4, $5)`,
          lowId,
          highId,
          friends,
          blockers.includes(lowId),
          blockers.includes(highId),
        );
      }),
  };
}

/** In the transaction that erases a user: nobody stands to them any more, and no announcement that comes late changes that. */
export async function eraseRelations(tx: RawDatabase, schema: string, userId: string): Promise<void> {
  await markErased(tx, schema, userId);
  await tx.$executeRawUnsafe(`DELETE FROM ${schemaName(schema)}.relation WHERE low_id = $1::uuid OR high_id = $1::uuid`, userId);
}

function isUuid(text: string): boolean {
  return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(text);
}
