import { createDomainEvent } from '../../../shared/events/domain-events.js';
import { toOutboxRow } from '../../../shared/events/outbox/outbox.js';
import type { Become, Relation, RelationCounts, Standing } from '../services/friends/relation.js';
import type { UsersPrisma, UsersTransaction } from './prisma.js';
import { lockRelations } from './relation-lock.js';

/** The one whose side is told, and the other. Ids are uuids in small letters. */
export interface Pair {
  readonly userId: string;
  readonly otherId: string;
}

export interface RelationRepository {
  /**
   * Asks `decide` what becomes of the two, while nobody else can change anything about them, and stores it with its announcement.
   * Answers what `decide` did.
   */
  change<Outcome extends { readonly kind: string }>(
    pair: Pair,
    at: Date,
    decide: (standing: Standing) => Become | Outcome,
  ): Promise<Become | Outcome>;
  /** How `userId` stands to each of `otherIds` (uuids in small letters, each once), also when there is nothing between them. */
  find(userId: string, otherIds: readonly string[]): Promise<ReadonlyMap<string, Relation>>;
  /** How many friends `userId` has in common with each of `otherIds`; no entry = none. */
  countMutualFriends(userId: string, otherIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
}

export function createRelationRepository(prisma: UsersPrisma): RelationRepository {
  return {
    change(pair, at, decide) {
      return prisma.$transaction(async (tx) => {
        await lockRelations(tx, [pair.userId, pair.otherId]);
        const standing = await readStanding(tx, pair);
        const outcome = decide(standing);
        if (isBecome(outcome)) await write(tx, pair, { before: standing.relation, after: outcome.relation, at });
        return outcome;
      });
    },

    async find(userId, otherIds) {
      if (otherIds.length === 0) return new Map();
      const rows = await prisma.$queryRaw<(Relation & { otherId: string })[]>`
        SELECT
          other.id::text AS "otherId", friendship.since AS "friendsSince",
          sent.created_at AS "requestSentAt", received.created_at AS "requestReceivedAt",
          blocked.created_at AS "blockedAt", blocking.created_at AS "blockedByOtherAt"
        FROM (SELECT value::uuid AS id FROM jsonb_array_elements_text(${JSON.stringify(otherIds)}::jsonb)) AS other
        LEFT JOIN users.friendship ON low_id = least(other.id, ${userId}::uuid) AND high_id = greatest(other.id, ${userId}::uuid)
        LEFT JOIN users.friend_request AS sent ON sent.from_id = ${userId}::uuid AND sent.to_id = other.id
        LEFT JOIN users.friend_request AS received ON received.from_id = other.id AND received.to_id = ${userId}::uuid
        LEFT JOIN users.block AS blocked ON blocked.blocker_id = ${userId}::uuid AND blocked.blocked_id = other.id
        LEFT JOIN users.block AS blocking ON blocking.blocker_id = other.id AND blocking.blocked_id = ${userId}::uuid`;
      return new Map(rows.map(({ otherId, ...relation }) => [otherId, relation]));
    },

    async countMutualFriends(userId, otherIds) {
      if (otherIds.length === 0) return new Map();
      const rows = await prisma.$queryRaw<{ otherId: string; friends: number }[]>`
        WITH
          other AS (SELECT value::uuid AS id FROM jsonb_array_elements_text(${JSON.stringify(otherIds)}::jsonb)),
          mine AS (
            SELECT high_id AS id FROM users.friendship WHERE low_id = ${userId}::uuid
            UNION ALL SELECT low_id FROM users.friendship WHERE high_id = ${userId}::uuid
          ),
          theirs AS (
            SELECT other.id AS other_id, high_id AS id FROM other JOIN users.friendship ON low_id = other.id
            UNION ALL SELECT other.id, low_id FROM other JOIN users.friendship ON high_id = other.id
          )
        SELECT other_id::text AS "otherId", count(*)::int AS friends FROM theirs JOIN mine USING (id) GROUP BY other_id`;
      return new Map(rows.map(({ otherId, friends }) => [otherId, friends]));
    },
  };
}

/** All that a decision needs, by one statement. */
async function readStanding(tx: UsersTransaction, { userId, otherId }: Pair): Promise<Standing> {
  const [lowId, highId] = inOrder(userId, otherId);
  const [row] = await tx.$queryRaw<(Relation & RelationCounts & { areKnown: boolean })[]>`
    SELECT
      (SELECT since FROM users.friendship WHERE low_id = ${lowId}::uuid AND high_id = ${highId}::uuid) AS "friendsSince",
      (SELECT created_at FROM users.friend_request WHERE from_id = ${userId}::uuid AND to_id = ${otherId}::uuid) AS "requestSentAt",
      (SELECT created_at FROM users.friend_request WHERE from_id = ${otherId}::uuid AND to_id = ${userId}::uuid) AS "requestReceivedAt",
      (SELECT created_at FROM users.block WHERE blocker_id = ${userId}::uuid AND blocked_id = ${otherId}::uuid) AS "blockedAt",
      (SELECT created_at FROM users.block WHERE blocker_id = ${otherId}::uuid AND blocked_id = ${userId}::uuid) AS "blockedByOtherAt",
      (SELECT count(*)::int FROM users.friendship WHERE low_id = ${userId}::uuid OR high_id = ${userId}::uuid) AS "ownFriends",
      (SELECT count(*)::int FROM users.friendship WHERE low_id = ${otherId}::uuid OR high_id = ${otherId}::uuid) AS "otherFriends",
      (SELECT count(*)::int FROM users.friend_request WHERE from_id = ${userId}::uuid) AS "ownSentRequests",
      (SELECT count(*)::int FROM users.friend_request WHERE to_id = ${otherId}::uuid) AS "otherReceivedRequests",
      (SELECT count(*)::int FROM users.block WHERE blocker_id = ${userId}::uuid) AS "ownBlocks",
      (SELECT count(*) = 2 FROM users.known_user WHERE user_id IN (${userId}::uuid, ${otherId}::uuid)) AS "areKnown"`;
  if (row === undefined) throw new Error('A SELECT without FROM answered no row');
  const { friendsSince, requestSentAt, requestReceivedAt, blockedAt, blockedByOtherAt, areKnown, ...counts } = row;
  return { relation: { friendsSince, requestSentAt, requestReceivedAt, blockedAt, blockedByOtherAt }, counts, areKnown };
}

interface Change {
  readonly before: Relation;
  readonly after: Relation;
  readonly at: Date;
}

async function write(tx: UsersTransaction, pair: Pair, { before, after, at }: Change): Promise<void> {
  const { userId, otherId } = pair;
  const [lowId, highId] = inOrder(userId, otherId);
  const isNew = (name: keyof Relation): boolean => before[name] === null && after[name] !== null;
  const isOver = (name: keyof Relation): boolean => before[name] !== null && after[name] === null;

  if (isOver('requestSentAt')) await tx.friendRequest.deleteMany({ where: { fromId: userId, toId: otherId } });
  if (isOver('requestReceivedAt')) await tx.friendRequest.deleteMany({ where: { fromId: otherId, toId: userId } });
  if (isOver('friendsSince')) await tx.friendship.deleteMany({ where: { lowId, highId } });
  if (isOver('blockedAt')) await tx.block.deleteMany({ where: { blockerId: userId, blockedId: otherId } });
  if (isNew('requestSentAt')) await tx.friendRequest.createMany({ data: [{ fromId: userId, toId: otherId, createdAt: at }] });
  if (isNew('friendsSince')) await tx.friendship.createMany({ data: [{ lowId, highId, since: at }] });
  if (isNew('blockedAt')) await tx.block.createMany({ data: [{ blockerId: userId, blockedId: otherId, createdAt: at }] });

  // A request changes nothing that others ask about.
  const announced = toAnnouncement(pair, after);
  if (JSON.stringify(announced) === JSON.stringify(toAnnouncement(pair, before))) return;
  const event = createDomainEvent('relation.changed', { key: lowId, payload: announced, now: () => at.getTime() });
  await tx.outboxEvent.createMany({ data: [toOutboxRow(event)] });
}

function toAnnouncement({ userId, otherId }: Pair, { friendsSince, blockedAt, blockedByOtherAt }: Relation) {
  const blockers = [...(blockedAt === null ? [] : [userId]), ...(blockedByOtherAt === null ? [] : [otherId])].sort();
  return { userIds: inOrder(userId, otherId), friends: friendsSince !== null, blockers };
}

/** In the order that Postgres gives uuids, which is that of their text. */
function inOrder(first: string, second: string): [low: string, high: string] {
  return first < second ? [first, second] : [second, first];
}

function isBecome(outcome: { readonly kind: string }): outcome is Become {
  return outcome.kind === 'Become';
}
