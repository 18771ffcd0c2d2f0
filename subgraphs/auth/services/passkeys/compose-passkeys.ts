import type { AccountRepository } from '../../data/account-repository.js';
import type { MfaRepository } from '../../data/mfa-repository.js';
import type { PasskeyRepository } from '../../data/passkey-repository.js';
import type { AuditLog } from '../audit/audit-log.js';
import { deriveKey } from '../keys/derive-key.js';
import type { Mailer } from '../mail/mailer.js';
import type { MfaTokens } from '../mfa/mfa-token.js';
import { createRecoveryCodes } from '../mfa/recovery-codes.js';
import type { Reauthentication } from '../passwords/reauthentication.js';
import type { SignIn } from '../sessions/sign-in.js';
import { createPasskeyConfirmation, type PasskeyConfirmation } from './passkey-confirmation.js';
import { createPasskeyRegistration, type PasskeyRegistration } from './passkey-registration.js';
import { createPasskeySignIn, type PasskeySignIn } from './passkey-sign-in.js';
import { relyingParty, type RelyingPartySettings } from './relying-party.js';

export interface PasskeyServices {
  readonly passkeyRegistration: PasskeyRegistration;
  readonly passkeySignIn: PasskeySignIn;
  readonly passkeyConfirmation: PasskeyConfirmation;
}

export interface PasskeyOptions {
  readonly repository: PasskeyRepository;
  readonly challenges: Pick<MfaRepository, 'countTry'>;
  readonly accounts: Pick<AccountRepository, 'findByIds'>;
  /** Of the subgraph: keys for one purpose each are made of it. */
  readonly encryptionKey: Uint8Array;
  readonly reauthentication: Reauthentication;
  readonly mfaTokens: MfaTokens;
  readonly signIn: Pick<SignIn, 'finish'>;
  readonly auditLog: Pick<AuditLog, 'record'>;
  readonly mailer: Mailer;
  readonly publicUrl: () => string;
  readonly webAuthn: RelyingPartySettings | undefined;
  readonly now?: () => number;
}

export function composePasskeys({ publicUrl, webAuthn, encryptionKey, ...common }: PasskeyOptions): PasskeyServices {
  const recoveryCodes = createRecoveryCodes(deriveKey(encryptionKey, 'recovery codes'));
  const site = () => relyingParty(publicUrl(), webAuthn);
  return {
    passkeyRegistration: createPasskeyRegistration({ ...common, recoveryCodes, site }),
    passkeySignIn: createPasskeySignIn({ ...common, site }),
    passkeyConfirmation: createPasskeyConfirmation({ ...common, site }),
  };
}
