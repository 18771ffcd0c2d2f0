import { validate as isUuid } from 'uuid';
import { takeOnce } from '../../../shared/events/outbox/inbox.js';
import { toOutboxRow } from '../../../shared/events/outbox/outbox.js';
import type { KnownUserSource } from '../../../shared/users/known-users.js';
import { toUserEventAnnouncement, userEventType, type UserEvent } from './user-event.js';
import { foldName } from './fold-name.js';
import { usersSchema, type UsersPrisma, type UsersTransaction } from './prisma.js';
import { lockRelations } from './relation-lock.js';
import { lockNames, writeNames } from './search-names.js';

/** The event of another subgraph that tells of a user. */
export interface Cause {
  readonly eventId: string;
  readonly userId: string;
  /** ISO 8601 in UTC. */
  readonly occurredAt: string;
}

/** Follows what other subgraphs announce of users. An event that was taken before has no effect. */
export interface KnownUserRepository extends KnownUserSource {
  /** Makes a newly registered user known and findable. */
  register(user: Cause & { username: string; legacyId: number | undefined }): Promise<void>;
  rename(user: Cause & { username: string }): Promise<void>;
  /** `avatarUrl` is null for a user who has none any more. */
  changeAvatar(user: Cause & { avatarUrl: string | null }): Promise<void>;
  /** Nobody is known by this id any more. */
  forget(user: Cause & { legacyId: number }): Promise<void>;
}

/** With `announcesUserEvents` each change is written down for the readers of `user.events`, who need a Redis to read it from. */
export function createKnownUserRepository(
  prisma: UsersPrisma,
  { announcesUserEvents }: { announcesUserEvents: boolean },
): KnownUserRepository {
  function take(cause: Cause, change: (tx: UsersTransaction) => Promise<UserEvent | null>): Promise<void> {
    return prisma.$transaction(async (tx) => {
      if (!(await takeOnce(tx, usersSchema, cause.eventId))) return;
      const event = await change(tx);
      if (event === null || !announcesUserEvents) return;
      await tx.outboxEvent.createMany({ data: [toOutboxRow(toUserEventAnnouncement(event, cause))] });
    });
  }

  return {
    async find(viewerId, userIds) {
      const uuids = userIds.filter((id) => isUuid(id));
      if (uuids.length === 0) return new Set();
      // One statement for everybody: see KnownUserSource. Whom the viewer blocks in turn they know, from their own list.
      const rows = await prisma.$queryRaw<{ userId: string }[]>`
        SELECT user_id::text AS "userId" FROM users.known_user
        WHERE user_id IN (SELECT value::uuid FROM jsonb_array_elements_text(${JSON.stringify(uuids)}::jsonb))
          AND (
            NOT EXISTS (SELECT 1 FROM users.block WHERE blocker_id = user_id AND blocked_id = ${viewerId}::uuid)
            OR EXISTS (SELECT 1 FROM users.block WHERE blocker_id = ${viewerId}::uuid AND blocked_id = user_id)
          )`;
      return new Set(rows.map(({ userId }) => userId));
    },

    register: ({ userId, username, legacyId, ...cause }) =>
      take({ userId, ...cause }, async (tx) => {
        await tx.knownUser.createMany({ data: [{ userId, username, legacyId: legacyId ?? null }], skipDuplicates: true });
        await makeFindable(tx, userId, username);
        return legacyId === undefined ? null : { type: 'USER_CREATED', legacyId, username };
      }),

    rename: ({ userId, username, ...cause }) =>
      take({ userId, ...cause }, async (tx) => {
        const user = await update(tx, userId, { username });
        if (user === null) return null;
        await makeFindable(tx, userId, username);
        return toUpdated(user);
      }),

    changeAvatar: ({ userId, avatarUrl, ...cause }) =>
      take({ userId, ...cause }, async (tx) => {
        const user = await update(tx, userId, { avatarUrl });
        return user === null ? null : toUpdated(user);
      }),

    forget: ({ userId, legacyId, ...cause }) =>
      take({ userId, ...cause }, async (tx) => {
        // Whoever befriends them now either comes first, or finds nobody.
        await lockRelations(tx, [userId]);
        await tx.knownUser.deleteMany({ where: { userId } });
        await erase(tx, userId);
        return { type: 'USER_DELETED', legacyId };
      }),
  };
}

/** Everything that is kept about somebody, by themselves or by others. */
async function erase(tx: UsersTransaction, userId: string): Promise<void> {
  await lockNames(tx, userId);
  await tx.searchName.deleteMany({ where: { userId } });
  await tx.profile.deleteMany({ where: { userId } });
  await tx.friendship.deleteMany({ where: { OR: [{ lowId: userId }, { highId: userId }] } });
  await tx.friendRequest.deleteMany({ where: { OR: [{ fromId: userId }, { toId: userId }] } });
  await tx.block.deleteMany({ where: { OR: [{ blockerId: userId }, { blockedId: userId }] } });
  // Announcements of relations and of the profile as well: nobody needs to hear of one that is gone. What readers of `user.events` have not heard yet stays.
  await tx.$executeRaw`
    DELETE FROM users.outbox_event
    WHERE (type = 'relation.changed' AND payload->'userIds' ? ${userId})
      OR (type = 'profile.changed' AND key = ${userId})
      OR (type = ${userEventType} AND key = ${userId} AND published_at IS NOT NULL)`;
}

const columns = { legacyId: true, username: true, avatarUrl: true } as const;

interface KnownUserRow {
  readonly legacyId: number | null;
  readonly username: string;
  readonly avatarUrl: string | null;
}

/** The row as it is now; null when there is none, because the user was deleted. */
async function update(
  tx: UsersTransaction,
  userId: string,
  data: { readonly username: string } | { readonly avatarUrl: string | null },
): Promise<KnownUserRow | null> {
  const [row] = await tx.knownUser.updateManyAndReturn({ where: { userId }, data, select: columns });
  return row ?? null;
}

/** Readers know users by their number alone: of one without they have never heard. */
function toUpdated({ legacyId, username, avatarUrl: avatar }: KnownUserRow): UserEvent | null {
  return legacyId === null ? null : { type: 'USER_UPDATED', legacyId, username, avatar };
}

async function makeFindable(tx: UsersTransaction, userId: string, username: string): Promise<void> {
  await lockNames(tx, userId);
  const profile = await tx.profile.findUnique({ where: { userId }, select: { displayName: true } });
  const displayName = profile?.displayName ?? null;
  await writeNames(tx, { userId, username: foldName(username), displayName: displayName === null ? null : foldName(displayName) });
}
