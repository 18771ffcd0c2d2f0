import type { AuthTransaction } from './prisma.js';
import { hasSecondFactor } from './recovery-codes.js';

/** A code of the authenticator app, or a recovery code in place of any second factor. */
export type CodeProof = { readonly kind: 'totp'; readonly step: bigint } | { readonly kind: 'recovery-code'; readonly hash: string };

/** What proved a second factor, or in the case of a passkey perhaps both: to be taken in the transaction that it is for, so that it counts once. */
export type FactorProof =
  CodeProof | { readonly kind: 'passkey'; readonly passkeyId: string; readonly previousCounter: bigint; readonly counter: bigint };

/**
 * Takes what was proved. False when somebody else took it first or it has been withdrawn: then the transaction must be rolled back. A row
 * that is being taken makes everyone else wait, on every node, who then finds it taken.
 */
export async function takeProof(tx: AuthTransaction, accountId: string, proof: FactorProof, at: Date): Promise<boolean> {
  switch (proof.kind) {
    case 'totp': {
      const taken = await tx.totp.updateMany({
        where: { accountId, confirmedAt: { not: null }, lastStep: { lt: proof.step } },
        data: { lastStep: proof.step, failures: 0, lockedUntil: null },
      });
      return taken.count > 0;
    }
    case 'recovery-code': {
      // The app's row goes first, as everywhere: two transactions that lock in different orders would wait for each other.
      await tx.totp.updateMany({ where: { accountId, confirmedAt: { not: null } }, data: { failures: 0, lockedUntil: null } });
      if (!(await hasSecondFactor(tx, accountId))) return false;
      const taken = await tx.recoveryCode.updateMany({ where: { accountId, hash: proof.hash, usedAt: null }, data: { usedAt: at } });
      return taken.count > 0;
    }
    case 'passkey': {
      const taken = await tx.passkey.updateMany({
        where: { id: proof.passkeyId, accountId, counter: proof.previousCounter },
        data: { counter: proof.counter, lastUsedAt: at },
      });
      return taken.count > 0;
    }
  }
}
