import { foldName } from './fold-name.js';
import type { Profile, ProfileChange } from '../services/profile.js';
import type { UsersPrisma } from './prisma.js';
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
  /** Stores the change, and makes the user findable by the new name, at once or not at all. */
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
      if (change.displayName === undefined) {
        await prisma.profile.upsert(upsert);
        return;
      }
      const { displayName } = change;
      await prisma.$transaction(async (tx) => {
        await lockNames(tx, userId);
        await tx.profile.upsert(upsert);
        await writeNames(tx, {
          userId,
          username: (await readUsername(tx, userId)) ?? foldName(username),
          displayName: displayName === null ? null : foldName(displayName),
        });
      });
    },
  };
}
