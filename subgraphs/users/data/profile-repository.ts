import { createDomainEvent } from '../../../shared/events/domain-events.js';
import { toOutboxRow } from '../../../shared/events/outbox/outbox.js';
import { foldName } from './fold-name.js';
import type { Profile, ProfileChange } from '../services/profiles/profile.js';
import type { UsersPrisma, UsersTransaction } from './prisma.js';
import { lockNames, readUsername, writeNames } from './search-names.js';

export interface ProfileUpdate {
  readonly userId: string;
  /** Makes the user findable when the event of their registration has not come yet. */
  readonly username: string;
  readonly change: ProfileChange;
  readonly at: Date;
}

export interface ProfileRepository {
  /** The stored profiles of `userIds` (uuids), in no order. */
  findByUserIds(userIds: readonly string[]): Promise<readonly Profile[]>;
  /** Stores the change, makes the user findable by the new name, and announces who may read it: all at once or not at all. */
  update(update: ProfileUpdate): Promise<void>;
}

const columns = { userId: true, displayName: true, bio: true, locale: true, timeZone: true, visibility: true } as const;

export function createProfileRepository(prisma: UsersPrisma): ProfileRepository {
  return {
    async findByUserIds(userIds) {
      if (userIds.length === 0) return [];
      return prisma.profile.findMany({ where: { userId: { in: [...userIds] } }, select: columns });
    },
    async update({ userId, username, change, at }) {
      const values = { ...change, updatedAt: at };
      const upsert = { where: { userId }, create: { userId, ...values }, update: values, select: { userId: true } } as const;
      const { displayName, visibility } = change;
      if (displayName === undefined && visibility === undefined) {
        await prisma.profile.upsert(upsert);
        return;
      }
      await prisma.$transaction(async (tx) => {
        await lockNames(tx, userId);
        await tx.profile.upsert(upsert);
        if (visibility !== undefined) await announce(tx, { userId, visibility }, at);
        if (displayName === undefined) return;
        await writeNames(tx, {
          userId,
          username: (await readUsername(tx, userId)) ?? foldName(username),
          displayName: displayName === null ? null : foldName(displayName),
        });
      });
    },
  };
}

/** Also what is as it was: whoever hears it twice changes nothing. Under the lock, so that announcements are in the order of the changes. */
async function announce(tx: UsersTransaction, payload: Pick<Profile, 'userId' | 'visibility'>, at: Date): Promise<void> {
  const event = createDomainEvent('profile.changed', { key: payload.userId, payload, now: () => at.getTime() });
  await tx.outboxEvent.createMany({ data: [toOutboxRow(event)] });
}
