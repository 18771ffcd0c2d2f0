import type { AccountRepository } from '../../data/account-repository.js';
import type { MfaRepository } from '../../data/mfa-repository.js';
import type { AuditLog } from '../audit/audit-log.js';
import { deriveKey } from '../keys/derive-key.js';
import type { Mailer } from '../mail/mailer.js';
import type { PasskeyConfirmation } from '../passkeys/passkey-confirmation.js';
import type { Reauthentication } from '../passwords/reauthentication.js';
import type { SignIn } from '../sessions/sign-in.js';
import { createCodeCheck } from './code-check.js';
import type { MfaTokens } from './mfa-token.js';
import { createRecoveryCodeRenewal, type RecoveryCodeRenewal } from './recovery-code-renewal.js';
import { createMfaVerification, type MfaVerification } from './mfa-verification.js';
import { createRecoveryCodes } from './recovery-codes.js';
import { createTotpEnrollment, type TotpEnrollment } from './totp-enrollment.js';
import { createTotpSecrets } from './totp-secrets.js';

export interface MfaServices {
  readonly mfaVerification: MfaVerification;
  readonly totpEnrollment: TotpEnrollment;
  readonly recoveryCodeRenewal: RecoveryCodeRenewal;
}

export interface MfaOptions {
  readonly repository: MfaRepository;
  readonly accounts: Pick<AccountRepository, 'findByIds' | 'findWithPassword'>;
  /** Of the subgraph: keys for one purpose each are made of it. */
  readonly encryptionKey: Uint8Array;
  readonly reauthentication: Reauthentication;
  readonly confirmation: PasskeyConfirmation;
  readonly mfaTokens: MfaTokens;
  readonly signIn: Pick<SignIn, 'finish'>;
  readonly auditLog: Pick<AuditLog, 'record'>;
  readonly mailer: Mailer;
  readonly now?: () => number;
}

export function composeMfa({ encryptionKey, reauthentication, confirmation, mfaTokens, signIn, ...common }: MfaOptions): MfaServices {
  const secrets = createTotpSecrets(deriveKey(encryptionKey, 'TOTP secrets'));
  const recoveryCodes = createRecoveryCodes(deriveKey(encryptionKey, 'recovery codes'));
  const codes = createCodeCheck({ ...common, secrets, recoveryCodes });
  return {
    mfaVerification: createMfaVerification({ ...common, mfaTokens, codes, signIn }),
    totpEnrollment: createTotpEnrollment({ ...common, reauthentication, codes, secrets, recoveryCodes }),
    recoveryCodeRenewal: createRecoveryCodeRenewal({ ...common, reauthentication, codes, confirmation, recoveryCodes }),
  };
}
