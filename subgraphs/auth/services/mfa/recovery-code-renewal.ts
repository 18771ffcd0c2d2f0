import type { Viewer } from '../../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import type { AccountRepository } from '../../data/account-repository.js';
import type { FactorProof } from '../../data/factor-claims.js';
import type { MfaRepository } from '../../data/mfa-repository.js';
import { byOwner, toAuditRow, type AuditLog } from '../audit/audit-log.js';
import type { Mailer } from '../mail/mailer.js';
import type { PasskeyAnswer, PasskeyConfirmation } from '../passkeys/passkey-confirmation.js';
import type { InvalidPasskey } from '../passkeys/passkey-registration.js';
import type { Reauthentication } from '../passwords/reauthentication.js';
import type { InvalidCredentials } from '../sessions/sign-in.js';
import type { CodeCheck } from './code-check.js';
import type { RecoveryCodes } from './recovery-codes.js';
import type { InvalidCode, NewRecoveryCodes } from './totp-enrollment.js';

export interface RenewalInput {
  readonly password?: string | null | undefined;
  /** Of the authenticator app. */
  readonly code?: string | null | undefined;
  /** In place of the code. */
  readonly passkey?: PasskeyAnswer | null | undefined;
}

export interface RecoveryCodeRenewal {
  /**
   * Voids the recovery codes and answers new ones. Takes the password, when the account has one, and a second factor: a code of the app or
   * a passkey, which alone counts as a fresh sign-in for an account without a password. Throws `UNAUTHENTICATED` for an anonymous viewer.
   */
  renew(viewer: Viewer | null, input: RenewalInput): Promise<NewRecoveryCodes | InvalidCode | InvalidPasskey | InvalidCredentials>;
}

export interface RecoveryCodeRenewalOptions {
  readonly repository: Pick<MfaRepository, 'replaceRecoveryCodes'>;
  readonly accounts: Pick<AccountRepository, 'findByIds' | 'findWithPassword'>;
  readonly reauthentication: Pick<Reauthentication, 'reauthenticate'>;
  readonly codes: CodeCheck;
  readonly confirmation: Pick<PasskeyConfirmation, 'check'>;
  readonly recoveryCodes: RecoveryCodes;
  readonly auditLog: Pick<AuditLog, 'record'>;
  readonly mailer: Mailer;
  readonly now?: () => number;
}

const purpose = 'regenerateRecoveryCodes';
const invalidCode = { kind: 'InvalidCode' } as const;
const invalidCredentials = { kind: 'InvalidCredentials' } as const;

export function createRecoveryCodeRenewal(options: RecoveryCodeRenewalOptions): RecoveryCodeRenewal {
  const { repository, accounts, reauthentication, codes, confirmation, recoveryCodes, auditLog, mailer, now = Date.now } = options;

  async function replace(viewer: Viewer, proof: FactorProof): Promise<NewRecoveryCodes | null> {
    const { userId: accountId } = viewer;
    const [account] = await accounts.findByIds([accountId]);
    if (account === undefined) throw unauthenticated();
    const fresh = recoveryCodes.create(accountId);
    const details = { method: proof.kind === 'passkey' ? 'PASSKEY' : 'TOTP' };
    const isReplaced = await repository.replaceRecoveryCodes({
      accountId,
      proof,
      at: new Date(now()),
      codeHashes: fresh.hashes,
      audit: [toAuditRow({ action: 'RECOVERY_CODES_REGENERATED', ...byOwner(viewer), details }, now)],
      mails: await mailer.rows('recovery-codes-regenerated', { to: account.email, username: account.username }),
    });
    if (!isReplaced) return null;
    mailer.wake();
    return { kind: 'RecoveryCodes', codes: fresh.codes };
  }

  async function renewByPasskey(viewer: Viewer, password: RenewalInput['password'], answer: PasskeyAnswer) {
    const invalid = async (): Promise<InvalidPasskey> => {
      const details = { purpose, method: 'passkey' };
      await auditLog.record({ action: 'REAUTHENTICATION_FAILED', ...byOwner(viewer), details });
      return { kind: 'InvalidPasskey' };
    };
    const isAlone = (await accounts.findWithPassword(viewer.userId))?.passwordHash === null;
    const proof = await confirmation.check(viewer, answer, { isAlone });
    if (proof === null) return invalid();
    // Whoever has no password has just proved who they are by the passkey.
    const prover = isAlone ? { ...viewer, authenticatedAt: now() } : viewer;
    if (!(await reauthentication.reauthenticate(prover, password, purpose))) return invalidCredentials;
    return (await replace(viewer, proof)) ?? invalid();
  }

  return {
    async renew(viewer, { password, code, passkey }) {
      if (viewer === null) throw unauthenticated();
      if (passkey !== null && passkey !== undefined) return renewByPasskey(viewer, password, passkey);
      if (!(await reauthentication.reauthenticate(viewer, password, purpose))) return invalidCredentials;
      const proof = await codes.check(viewer.userId, code ?? '');
      // A recovery code must not buy ten more: whoever finds one of them would never need the app.
      if (proof?.kind !== 'totp') return invalidCode;
      return (await replace(viewer, proof)) ?? invalidCode;
    },
  };
}
