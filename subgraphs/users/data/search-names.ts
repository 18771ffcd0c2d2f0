import type { UsersTransaction } from './prisma.js';

/**
 * Until the end of the transaction nobody else changes the names of this user, who may have no row yet to lock. An event of a
 * registration and a change of the profile may come at the same moment, and each has to see what the other wrote.
 */
export async function lockNames(tx: UsersTransaction, userId: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${userId}, 0))`;
}

/** The folded username by which the user is found; null before their registration was announced. */
export async function readUsername(tx: UsersTransaction, userId: string): Promise<string | null> {
  const row = await tx.searchName.findFirst({ where: { userId, kind: 'USERNAME' }, select: { name: true } });
  return row?.name ?? null;
}

/** Replaces the folded names by which a user is found. */
export async function writeNames(
  tx: UsersTransaction,
  { userId, username, displayName }: { userId: string; username: string; displayName: string | null },
): Promise<void> {
  const otherName = displayName === username ? null : displayName;
  await tx.searchName.deleteMany({ where: { userId } });
  await tx.searchName.createMany({
    data: [
      { userId, kind: 'USERNAME', name: username, otherName },
      ...(otherName === null ? [] : [{ userId, kind: 'DISPLAY_NAME' as const, name: otherName, otherName: username }]),
    ],
  });
}
