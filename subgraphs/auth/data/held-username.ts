import type { AuthPrisma, AuthTransaction } from './prisma.js';
import { isUniqueViolation } from './unique-violation.js';

/** A name that an account takes at this moment. */
export interface UsernameClaim {
  readonly accountId: string;
  /** See services/usernames/username-holds.ts. */
  readonly nameHash: string;
  readonly at: Date;
}

const constraint = { name: 'username_hold_pkey', columns: ['name_hash'] };

/**
 * The statement that fails the transaction when somebody else has the name on hold (`isHeldUsername` tells): it then tries to store that
 * hold a second time. It must come after the one that writes the name into `account`: that one waits there for whoever is giving the name
 * up, so that this one sees their hold.
 */
export function refuseHeldUsername(prisma: Pick<AuthPrisma | AuthTransaction, '$executeRaw'>, { accountId, nameHash, at }: UsernameClaim) {
  return prisma.$executeRaw`
    INSERT INTO auth.username_hold (name_hash, account_id, held_until)
    SELECT name_hash, account_id, held_until FROM auth.username_hold
    WHERE name_hash = ${nameHash} AND held_until > ${at.toISOString()}::timestamptz AND account_id IS DISTINCT FROM ${accountId}::uuid`;
}

/** Whether a transaction failed because the name is on hold. */
export function isHeldUsername(error: unknown): boolean {
  return isUniqueViolation(error, constraint);
}
