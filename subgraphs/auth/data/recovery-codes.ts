import type { AuthTransaction } from './prisma.js';

/** Voids the codes of the account, and gives it those of which `hashes` are kept. */
export async function replaceRecoveryCodes(tx: AuthTransaction, accountId: string, hashes: readonly string[]): Promise<void> {
  await tx.recoveryCode.deleteMany({ where: { accountId } });
  await tx.recoveryCode.createMany({ data: hashes.map((hash) => ({ accountId, hash })) });
}

/** Whether there is something that recovery codes could stand in for. */
export async function hasSecondFactor(tx: AuthTransaction, accountId: string): Promise<boolean> {
  if ((await tx.passkey.findFirst({ where: { accountId }, select: { id: true } })) !== null) return true;
  return (await tx.totp.findUnique({ where: { accountId, confirmedAt: { not: null } }, select: { accountId: true } })) !== null;
}

/** Call it when a second factor was removed: the codes go with the last one. */
export async function voidIdleRecoveryCodes(tx: AuthTransaction, accountId: string): Promise<void> {
  if (!(await hasSecondFactor(tx, accountId))) await tx.recoveryCode.deleteMany({ where: { accountId } });
}
