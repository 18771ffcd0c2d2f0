import { NIL as nilUuid } from 'uuid';
import type { LoginIdentifier } from '../services/accounts/login-identifier.js';
import { whereLogin } from './account-repository.js';
import type { AuthPrisma } from './prisma.js';

export interface KnownDeviceRepository {
  /**
   * Whether the account that a sign-in with `login` would find has this place. The same work when there is no such account. Of an address
   * it is the owner alone: who merely claims it would learn by this whether there is one.
   */
  isKnown(login: LoginIdentifier, hash: string): Promise<boolean>;
  remember(device: { accountId: string; hash: string; at: Date }): Promise<'first' | 'new' | 'known'>;
}

export function createKnownDeviceRepository(prisma: AuthPrisma): KnownDeviceRepository {
  return {
    async isKnown(login, hash) {
      const account = await prisma.account.findFirst({
        where: { ...whereLogin(login), ...(login.kind === 'email' ? { emailVerifiedAt: { not: null } } : {}) },
        select: { id: true },
      });
      const device = await prisma.knownDevice.findUnique({
        where: { accountId_hash: { accountId: account?.id ?? nilUuid, hash } },
        select: { hash: true },
      });
      return device !== null;
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
