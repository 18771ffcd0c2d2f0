import type { DomainEvent } from '../../../shared/events/event-bus.js';
import { toOutboxRow } from '../../../shared/events/outbox.js';
import { takeProof, type FactorProof } from './factor-claims.js';
import { rememberDevice } from './known-device-repository.js';
import type { AuthPrisma, AuthTransaction } from './prisma.js';
import { createFamily, type NewRefreshFamily } from './refresh-family-repository.js';
import type { Traces } from './traces.js';

/** What an account asks for after the first factor. */
export interface SecondFactors {
  readonly hasTotp: boolean;
  /** How many are left. */
  readonly recoveryCodes: number;
  readonly passkeys: number;
}

export interface NewMfaChallenge {
  /** Of its token. */
  readonly hash: string;
  readonly accountId: string;
  readonly device: string | null;
  /** What was proved already. */
  readonly amr: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** As in `SignInClaim`. */
  readonly passwordHash?: string | undefined;
}

/** What a sign-in uses up, in the transaction that starts its session. */
export interface SignInClaim {
  /** Of the challenge that it answers; null when there was none. */
  readonly challengeHash: string | null;
  /** Null when the first factor was enough. */
  readonly proof: FactorProof | null;
  /** The hash that the password was checked against: a sign-in that is overtaken by a change of the password is void. */
  readonly passwordHash?: string | undefined;
}

/** `void` when the challenge or the account is no longer good, `used` when somebody else took the proof first; nothing has changed then. */
export type StartOutcome = 'started' | 'void' | 'used';

export interface SignInRepository {
  /** Null when there is no such account or it is disabled. */
  findSecondFactors(accountId: string): Promise<SecondFactors | null>;
  /** False, with nothing changed, when the account is disabled or gone, or its password is another one by now. */
  openChallenge(challenge: NewMfaChallenge): Promise<boolean>;
  /** Starts the session and takes `claim`, all or nothing. */
  start(
    session: {
      family: NewRefreshFamily;
      claim: SignInClaim;
      events: readonly DomainEvent[];
      /** Where from, and what is written when the account has been signed in to from other places only. */
      place: { hash: string; ifNew: Traces };
    } & Traces,
  ): Promise<StartOutcome>;
}

/** Thrown to roll a transaction back when what it claims is not to be had. */
class NotToBeHad extends Error {
  readonly outcome: 'void' | 'used';

  constructor(outcome: 'void' | 'used') {
    super(outcome);
    this.outcome = outcome;
  }
}

export function createSignInRepository(prisma: AuthPrisma): SignInRepository {
  return {
    async findSecondFactors(accountId) {
      const row = await prisma.account.findUnique({
        where: { id: accountId, disabledAt: null },
        select: {
          totp: { select: { confirmedAt: true } },
          _count: { select: { passkeys: true, recoveryCodes: { where: { usedAt: null } } } },
        },
      });
      if (row === null) return null;
      return {
        hasTotp: (row.totp?.confirmedAt ?? null) !== null,
        recoveryCodes: row._count.recoveryCodes,
        passkeys: row._count.passkeys,
      };
    },

    openChallenge: ({ amr, passwordHash, ...challenge }) =>
      prisma.$transaction(async (tx) => {
        if (!(await isStillGood(tx, challenge.accountId, passwordHash))) return false;
        await tx.mfaChallenge.createMany({ data: [{ ...challenge, amr: [...amr] }] });
        return true;
      }),

    async start({ family, claim: { challengeHash, proof, passwordHash }, events, audit, mails, place }) {
      const { accountId, createdAt: at } = family;
      try {
        await prisma.$transaction(async (tx) => {
          if (!(await isStillGood(tx, accountId, passwordHash))) throw new NotToBeHad('void');
          if (challengeHash !== null) {
            const taken = await tx.mfaChallenge.updateMany({
              where: { hash: challengeHash, accountId, usedAt: null, expiresAt: { gt: at } },
              data: { usedAt: at },
            });
            if (taken.count === 0) throw new NotToBeHad('void');
          }
          if (proof !== null && !(await takeProof(tx, accountId, proof, at))) throw new NotToBeHad('used');
          for (const statement of createFamily(tx, family)) await statement;
          await tx.outboxEvent.createMany({ data: events.map(toOutboxRow) });
          const isNewPlace = (await rememberDevice(tx, { accountId, hash: place.hash, at })) === 'new';
          const more = isNewPlace ? place.ifNew : { audit: [], mails: [] };
          await tx.auditEvent.createMany({ data: [...audit, ...more.audit] });
          await tx.mail.createMany({ data: [...mails, ...more.mails] });
        });
        return 'started';
      } catch (error) {
        if (error instanceof NotToBeHad) return error.outcome;
        throw error;
      }
    },
  };
}

/**
 * Whether the account is in order and its password still the one that was checked. The shared lock makes a sign-in and the disabling of its
 * account, or a change of its password, take turns: nothing that it opens outlives the sweep of them.
 */
async function isStillGood(tx: AuthTransaction, accountId: string, passwordHash: string | undefined): Promise<boolean> {
  const good =
    passwordHash === undefined
      ? await tx.$queryRaw<unknown[]>`
          SELECT 1 FROM auth.account WHERE id = ${accountId}::uuid AND disabled_at IS NULL FOR SHARE`
      : await tx.$queryRaw<unknown[]>`
          SELECT 1 FROM auth.account JOIN auth.credential ON account_id = id AND kind = 'password' AND secret = ${passwordHash}
          WHERE id = ${accountId}::uuid AND disabled_at IS NULL FOR SHARE`;
  return good.length > 0;
}
