import type { RawDatabase } from '../../../shared/database/raw-database.js';
import { takeProof, type FactorProof } from './factor-claims.js';
import type { AuthPrisma } from './prisma.js';
import { isInOrder, startSession, type NewSession, type SessionStart } from './session-start.js';

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
  /** As in `startByFirstFactor`. */
  readonly passwordHash?: string | undefined;
}

/** What a sign-in uses up, in the transaction that starts its session. */
export interface SignInClaim {
  /** Of the challenge that it answers; null when there was none. */
  readonly challengeHash: string | null;
  readonly proof: FactorProof;
}

export interface SignInRepository {
  /** Null when there is no such account or it is disabled. */
  findSecondFactors(accountId: string): Promise<SecondFactors | null>;
  /** False, with nothing changed, when the account is disabled or gone, or its password is another one by now. */
  openChallenge(challenge: NewMfaChallenge): Promise<boolean>;
  /**
   * Starts the session of an account that asks for no more than its first factor. `second-factor` when it does, and `void` when it is
   * disabled or gone or its password is not `passwordHash` any more; with `isNewPlaceRefused`, `new-place` when its owner should hear of
   * where it comes from. Nothing has changed then.
   */
  startByFirstFactor(
    session: NewSession,
    conditions: { readonly passwordHash: string | undefined; readonly isNewPlaceRefused: boolean },
  ): Promise<SessionStart>;
  /**
   * Starts the session and takes `claim`, all or nothing: `void` when the challenge or the account is no longer good, `used` when somebody
   * else took the proof first.
   */
  start(session: NewSession, claim: SignInClaim): Promise<Extract<SessionStart, { kind: 'started' }> | { kind: 'void' | 'used' }>;
}

/** Thrown to roll a transaction back when what it claims is not to be had. */
class NotToBeHad extends Error {
  readonly outcome: 'void' | 'used';

  constructor(outcome: 'void' | 'used') {
    super(outcome);
    this.outcome = outcome;
  }
}

/** `sql` is the same database, asked with less ado. */
export function createSignInRepository(prisma: AuthPrisma, sql: Pick<RawDatabase, '$queryRawUnsafe'> = prisma): SignInRepository {
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
        if (!(await isInOrder(tx, challenge.accountId, passwordHash))) return false;
        await tx.mfaChallenge.createMany({ data: [{ ...challenge, amr: [...amr] }] });
        return true;
      }),

    startByFirstFactor: (session, conditions) => startSession(sql, session, { ...conditions, isFirstFactorAlone: true }),

    async start(session, { challengeHash, proof }) {
      const { accountId, createdAt: at } = session.family;
      try {
        return await prisma.$transaction(async (tx) => {
          // Locked before anything else, as everywhere: who locks in another order waits for whom it holds up.
          if (!(await isInOrder(tx, accountId, undefined))) throw new NotToBeHad('void');
          if (challengeHash !== null) {
            const taken = await tx.mfaChallenge.updateMany({
              where: { hash: challengeHash, accountId, usedAt: null, expiresAt: { gt: at } },
              data: { usedAt: at },
            });
            if (taken.count === 0) throw new NotToBeHad('void');
          }
          if (!(await takeProof(tx, accountId, proof, at))) throw new NotToBeHad('used');
          const started = await startSession(tx, session, { isFirstFactorAlone: false });
          if (started.kind !== 'started') throw new NotToBeHad('void');
          return started;
        });
      } catch (error) {
        if (error instanceof NotToBeHad) return { kind: error.outcome };
        throw error;
      }
    },
  };
}
