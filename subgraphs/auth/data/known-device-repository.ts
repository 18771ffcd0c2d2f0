import { NIL as nilUuid } from 'uuid';
import { Prisma } from '../__generated__/prisma/client.js';
import type { LoginIdentifier } from '../services/accounts/login-identifier.js';
import { whereLogin } from './account-repository.js';
import type { AuthPrisma } from './prisma.js';
import { removeInBatches, timestamp } from './remove-in-batches.js';

/** How long a place is known after the last sign-in from there, and how many of an account are. */
export const knownDeviceLimits = { unusedMs: 180 * 24 * 60 * 60_000, mostPerAccount: 50 } as const;
/** So many crowded accounts at a time. */
const accountsAtOnce = 100;

export interface KnownDeviceRepository {
  /**
   * Whether the account that a sign-in with `login` would find has this place. The same work when there is no such account. Of an address
   * it is the owner alone: who merely claims it would learn by this whether there is one.
   */
  isKnown(login: LoginIdentifier, hash: string): Promise<boolean>;
  /** Whether the account has this place. */
  has(accountId: string, hash: string): Promise<boolean>;
  remember(device: { accountId: string; hash: string; at: Date }): Promise<'first' | 'new' | 'known'>;
  /** Forgets places that have not been used for long at `at`, and of accounts with too many those that were used longest ago. */
  removeStale(at: Date): Promise<void>;
}

export function createKnownDeviceRepository(prisma: AuthPrisma): KnownDeviceRepository {
  async function has(accountId: string, hash: string): Promise<boolean> {
    const device = await prisma.knownDevice.findUnique({ where: { accountId_hash: { accountId, hash } }, select: { hash: true } });
    return device !== null;
  }

  return {
    async isKnown(login, hash) {
      const account = await prisma.account.findFirst({
        where: { ...whereLogin(login), ...(login.kind === 'email' ? { emailVerifiedAt: { not: null } } : {}) },
        select: { id: true },
      });
      return has(account?.id ?? nilUuid, hash);
    },

    has,

    async removeStale(at) {
      const { unusedMs, mostPerAccount } = knownDeviceLimits;
      await removeInBatches(prisma, 'known_device', Prisma.sql`last_at < ${timestamp(new Date(at.getTime() - unusedMs))}`);
      const removeSurplus = () => prisma.$executeRaw`
        DELETE FROM auth.known_device WHERE (account_id, hash) IN (
          SELECT surplus.account_id, surplus.hash FROM (
            SELECT account_id FROM auth.known_device GROUP BY account_id HAVING count(*) > ${mostPerAccount}::int LIMIT ${accountsAtOnce}::int
          ) AS crowded CROSS JOIN LATERAL (
            SELECT account_id, hash FROM auth.known_device AS device WHERE device.account_id = crowded.account_id
            ORDER BY last_at DESC, hash OFFSET ${mostPerAccount}::int
          ) AS surplus)`;
      while ((await removeSurplus()) >= accountsAtOnce);
    },

    // For accounts that are new: `startSession` does the same in the statement that starts the session.
    async remember({ accountId, hash, at }) {
      const known = await prisma.knownDevice.updateMany({ where: { accountId, hash }, data: { lastAt: at } });
      if (known.count > 0) return 'known';
      // Of two sign-ins from one new place at once, one has it as new.
      const added = await prisma.knownDevice.createMany({
        data: [{ accountId, hash, firstAt: at, lastAt: at }],
        skipDuplicates: true,
      });
      if (added.count === 0) return 'known';
      const others = await prisma.knownDevice.findFirst({ where: { accountId, hash: { not: hash } }, select: { hash: true } });
      return others === null ? 'first' : 'new';
    },
  };
}
