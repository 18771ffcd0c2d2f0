import type { PageRequest } from '../../../shared/graphql/connection.js';
import type { UsersPrisma } from './prisma.js';
import type { NamePosition } from './search-name-repository.js';

/** One of many relations of a user, by its time. */
export interface DatedPosition {
  /** The other user. */
  readonly userId: string;
  readonly at: Date;
}

export interface FriendRequestRow {
  readonly fromId: string;
  readonly toId: string;
  readonly createdAt: Date;
}

/** Lists hold one more than `page.limit` when another page follows. */
export interface RelationLists {
  /** By folded username, then by id. */
  friends(userId: string, page: PageRequest<NamePosition>): Promise<readonly NamePosition[]>;
  /** The newest first. */
  requests(userId: string, direction: 'SENT' | 'RECEIVED', page: PageRequest<DatedPosition>): Promise<readonly FriendRequestRow[]>;
  /** The newest first. */
  blocked(userId: string, page: PageRequest<DatedPosition>): Promise<readonly DatedPosition[]>;
}

export function createRelationLists(prisma: UsersPrisma): RelationLists {
  return {
    friends(userId, { limit, after }) {
      return prisma.$queryRaw<NamePosition[]>`
        SELECT name, friend.id::text AS "userId"
        FROM (
          SELECT high_id AS id FROM users.friendship WHERE low_id = ${userId}::uuid
          UNION ALL SELECT low_id FROM users.friendship WHERE high_id = ${userId}::uuid
        ) AS friend
        JOIN users.search_name ON search_name.user_id = friend.id AND kind = 'USERNAME'
        WHERE ${after === null} OR (name, friend.id) > (${after?.name ?? ''}, ${after?.userId ?? null}::uuid)
        ORDER BY name, friend.id LIMIT ${limit + 1}`;
    },

    requests(userId, direction, { limit, after }) {
      const [own, other] = direction === 'SENT' ? (['fromId', 'toId'] as const) : (['toId', 'fromId'] as const);
      return prisma.friendRequest.findMany({
        where: { [own]: userId, ...(after === null ? {} : olderThan(other, after)) },
        orderBy: [{ createdAt: 'desc' }, { [other]: 'desc' }],
        take: limit + 1,
        select: { fromId: true, toId: true, createdAt: true },
      });
    },

    async blocked(userId, { limit, after }) {
      const rows = await prisma.block.findMany({
        where: { blockerId: userId, ...(after === null ? {} : olderThan('blockedId', after)) },
        orderBy: [{ createdAt: 'desc' }, { blockedId: 'desc' }],
        take: limit + 1,
        select: { blockedId: true, createdAt: true },
      });
      return rows.map(({ blockedId, createdAt }) => ({ userId: blockedId, at: createdAt }));
    },
  };
}

function olderThan(column: 'fromId' | 'toId' | 'blockedId', { at, userId }: DatedPosition) {
  return { OR: [{ createdAt: { lt: at } }, { createdAt: at, [column]: { lt: userId } }] };
}
