import type { DomainEvent } from '../../../shared/events/event-bus.js';
import { toOutboxRow } from '../../../shared/events/outbox.js';
import type { AuthPrisma, AuthTransaction } from './prisma.js';
import { createFamily, type NewRefreshFamily } from './refresh-family-repository.js';

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
}

/** What a sign-in was proved with, to be taken in the transaction that starts its session, so that it counts once. */
export type FactorClaim =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'totp'; readonly challengeHash: string; readonly step: bigint; readonly at: Date }
  | { readonly kind: 'recovery-code'; readonly challengeHash: string; readonly codeHash: string; readonly at: Date }
  | {
      readonly kind: 'passkey';
      /** Null when it was the only factor. */
      readonly challengeHash: string | null;
      readonly passkeyId: string;
      readonly previousCounter: bigint;
      readonly counter: bigint;
      readonly at: Date;
    };

export interface SignInRepository {
  /** Null when there is no such account or it is disabled. */
  findSecondFactors(accountId: string): Promise<SecondFactors | null>;
  openChallenge(challenge: NewMfaChallenge): Promise<void>;
  /**
   * Starts the session and takes `claim`, all or nothing. False, with nothing changed, when the account is disabled or gone, or when what
   * is claimed was taken by somebody else, is void or too old.
   */
  start(session: { family: NewRefreshFamily; claim: FactorClaim; events: readonly DomainEvent[] }): Promise<boolean>;
}

/** Thrown to roll a transaction back when what it claims is not to be had. */
const notToBeHad = new Error('not to be had');

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

    async openChallenge({ amr, ...challenge }) {
      await prisma.mfaChallenge.createMany({ data: [{ ...challenge, amr: [...amr] }] });
    },

    async start({ family, claim, events }) {
      try {
        await prisma.$transaction(async (tx) => {
          // The shared lock makes a sign-in and the disabling of its account take turns: no session outlives the sweep of them.
          const enabled = await tx.$queryRaw<unknown[]>`
            SELECT 1 FROM auth.account WHERE id = ${family.accountId}::uuid AND disabled_at IS NULL FOR SHARE`;
          if (enabled.length === 0) throw notToBeHad;
          await take(tx, family.accountId, claim);
          for (const statement of createFamily(tx, family)) await statement;
          await tx.outboxEvent.createMany({ data: events.map(toOutboxRow) });
        });
        return true;
      } catch (error) {
        if (error === notToBeHad) return false;
        throw error;
      }
    },
  };
}

async function take(tx: AuthTransaction, accountId: string, claim: FactorClaim): Promise<void> {
  if (claim.kind === 'nothing') return;
  if (claim.challengeHash !== null) {
    orRollBack(
      await tx.mfaChallenge.updateMany({
        where: { hash: claim.challengeHash, accountId, usedAt: null, expiresAt: { gt: claim.at } },
        data: { usedAt: claim.at },
      }),
    );
  }
  switch (claim.kind) {
    case 'totp':
      return orRollBack(
        await tx.totp.updateMany({
          where: { accountId, confirmedAt: { not: null }, lastStep: { lt: claim.step } },
          data: { lastStep: claim.step, failures: 0, lockedUntil: null },
        }),
      );
    case 'recovery-code':
      orRollBack(
        await tx.recoveryCode.updateMany({ where: { accountId, hash: claim.codeHash, usedAt: null }, data: { usedAt: claim.at } }),
      );
      await tx.totp.updateMany({ where: { accountId }, data: { failures: 0, lockedUntil: null } });
      return;
    case 'passkey':
      return orRollBack(
        await tx.passkey.updateMany({
          where: { id: claim.passkeyId, accountId, counter: claim.previousCounter },
          data: { counter: claim.counter, lastUsedAt: claim.at },
        }),
      );
  }
}

function orRollBack({ count }: { count: number }): void {
  if (count === 0) throw notToBeHad;
}
