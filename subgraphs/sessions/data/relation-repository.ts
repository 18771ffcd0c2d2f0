import { takeOnce } from '../../../shared/events/inbox.js';
import type { RelationKind, RelationRepository } from '../services/presence/relations.js';
import { onlyUuids, sessionsSchema, type SessionsPrisma } from './prisma.js';

export function createRelationRepository(prisma: SessionsPrisma): RelationRepository {
  return {
    async friendsOf(userId) {
      const friends = { areFriends: true, isBlocked: false };
      const [low, high] = await Promise.all([
        prisma.relation.findMany({ where: { ...friends, lowId: userId }, select: { highId: true } }),
        prisma.relation.findMany({ where: { ...friends, highId: userId }, select: { lowId: true } }),
      ]);
      return new Set([...low.map(({ highId }) => highId), ...high.map(({ lowId }) => lowId)]);
    },

    async among(userId, otherIds) {
      const others = { in: onlyUuids(otherIds) };
      if (others.in.length === 0) return new Map();
      const rows = await prisma.relation.findMany({
        where: {
          OR: [
            { lowId: userId, highId: others },
            { highId: userId, lowId: others },
          ],
        },
        select: { lowId: true, highId: true, areFriends: true, isBlocked: true },
      });
      const kinds = rows.map((row) => [otherOf(row, userId), kindOf(row)] as const);
      return new Map(kinds.filter((each): each is [string, RelationKind] => each[1] !== undefined));
    },

    async changedSince(userId, since) {
      const at = new Date(since);
      const rows = await prisma.relation.findMany({
        where: { changedAt: { gte: at }, OR: [{ lowId: userId }, { highId: userId }] },
        select: { lowId: true, highId: true, areFriends: true, isBlocked: true, friendsUntil: true },
      });
      return rows.map((row) => ({
        otherId: otherOf(row, userId),
        kind: kindOf(row),
        wereFriends: row.friendsUntil !== null && row.friendsUntil >= at,
      }));
    },

    async take(eventId, { userIds: [lowId, highId], friends, blockers }) {
      const isBlocked = blockers.length > 0;
      await prisma.$transaction(async (tx) => {
        if (!(await takeOnce(tx, sessionsSchema, eventId))) return;
        // What comes to nothing keeps its row for those who resume; what never was anything needs none. The time moves only when something
        // changes that presence knows of: a second block on top of the first must not look like news.
        await tx.$executeRaw`
          INSERT INTO sessions.relation AS known (low_id, high_id, are_friends, is_blocked)
          SELECT ${lowId}::uuid, ${highId}::uuid, ${friends}::boolean, ${isBlocked}::boolean
          WHERE ${friends || isBlocked}::boolean OR EXISTS (SELECT FROM sessions.relation WHERE low_id = ${lowId}::uuid AND high_id = ${highId}::uuid)
          ON CONFLICT (low_id, high_id) DO UPDATE SET
            are_friends = excluded.are_friends,
            is_blocked = excluded.is_blocked,
            changed_at = now(),
            friends_until = CASE WHEN known.are_friends AND NOT excluded.are_friends THEN now() ELSE known.friends_until END
          WHERE (known.are_friends, known.is_blocked) IS DISTINCT FROM (excluded.are_friends, excluded.is_blocked)`;
      });
    },

    async forgetEnded() {
      await prisma.$executeRaw`
        DELETE FROM sessions.relation WHERE NOT are_friends AND NOT is_blocked AND changed_at < now() - interval '1 day'`;
    },
  };
}

function otherOf({ lowId, highId }: { readonly lowId: string; readonly highId: string }, userId: string): string {
  return lowId === userId ? highId : lowId;
}

function kindOf({ areFriends, isBlocked }: { readonly areFriends: boolean; readonly isBlocked: boolean }): RelationKind | undefined {
  if (isBlocked) return 'BLOCKED';
  return areFriends ? 'FRIEND' : undefined;
}
