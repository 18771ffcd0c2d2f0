import type { Viewer } from '../../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import type { Account, AccountRepository } from '../../data/account-repository.js';
import type { MfaRepository } from '../../data/mfa-repository.js';
import type { Traces } from '../../data/traces.js';
import { byOwner, toAuditRow, type AuditAction } from '../audit/audit-log.js';
import type { Mailer } from '../mail/mailer.js';
import type { Reauthentication } from '../passwords/reauthentication.js';
import type { InvalidCredentials } from '../sessions/sign-in.js';
import type { CodeCheck } from './code-check.js';
import type { RecoveryCodes } from './recovery-codes.js';
import { createTotpSecret, findStep, isTotpCode, totpUri } from './totp-code.js';
import type { TotpSecrets } from './totp-secrets.js';

/** How long a secret that was shown waits for its first code. */
const enrollmentLifetimeMs = 10 * 60_000;

export type BeginOutcome =
  { readonly kind: 'Begun'; readonly secret: string; readonly uri: string } | { readonly kind: 'AlreadyEnabled' } | InvalidCredentials;
export type ConfirmOutcome = NewRecoveryCodes | InvalidCode;
export type DisableOutcome = { readonly kind: 'Disabled'; readonly account: Account } | InvalidCode | InvalidCredentials;

export interface NewRecoveryCodes {
  readonly kind: 'RecoveryCodes';
  /** Shown once; only keyed hashes are kept. */
  readonly codes: readonly string[];
}

export interface InvalidCode {
  readonly kind: 'InvalidCode';
}

type PasswordInput = { readonly password?: string | null | undefined };

/** The authenticator app of the viewer. Each throws an `UNAUTHENTICATED` `AppError` for an anonymous one. */
export interface TotpEnrollment {
  /** Shows a new secret, once. Nothing is switched on until `confirm`. */
  begin(viewer: Viewer | null, input: PasswordInput): Promise<BeginOutcome>;
  /** Switches the app on with a code of the secret that was shown last, which is thereby used. Answers the recovery codes. */
  confirm(viewer: Viewer | null, code: string): Promise<ConfirmOutcome>;
  /** Switches the app off, and voids the recovery codes unless there is a passkey left; takes the password, and a code of the app or a recovery code. */
  disable(viewer: Viewer | null, input: PasswordInput & { readonly code: string }): Promise<DisableOutcome>;
}

export interface TotpEnrollmentOptions {
  readonly repository: MfaRepository;
  readonly accounts: Pick<AccountRepository, 'findByIds'>;
  readonly reauthentication: Reauthentication;
  readonly codes: CodeCheck;
  readonly secrets: TotpSecrets;
  readonly recoveryCodes: RecoveryCodes;
  readonly mailer: Mailer;
  readonly now?: () => number;
}

const invalidCode = { kind: 'InvalidCode' } as const;
const invalidCredentials = { kind: 'InvalidCredentials' } as const;

export function createTotpEnrollment({
  repository,
  accounts,
  reauthentication,
  codes,
  secrets,
  recoveryCodes,
  mailer,
  now = Date.now,
}: TotpEnrollmentOptions): TotpEnrollment {
  async function accountOf(viewer: Viewer): Promise<Account> {
    const [account] = await accounts.findByIds([viewer.userId]);
    if (account === undefined) throw unauthenticated();
    return account;
  }

  async function traces(
    viewer: Viewer,
    { email, username }: Account,
    action: AuditAction,
    template: 'mfa-enabled' | 'mfa-disabled',
  ): Promise<Traces> {
    return {
      audit: [toAuditRow({ action, ...byOwner(viewer), details: { method: 'TOTP' } }, now)],
      mails: await mailer.rows(template, { to: email, username }),
    };
  }

  return {
    async begin(viewer, { password }) {
      if (viewer === null) throw unauthenticated();
      if (!(await reauthentication.reauthenticate(viewer, password, 'beginTotpEnrollment'))) return invalidCredentials;
      const { id: accountId, username } = await accountOf(viewer);
      const secret = createTotpSecret();
      const sealedSecret = await secrets.seal(accountId, secret);
      const isBegun = await repository.beginEnrollment({ accountId, sealedSecret, at: new Date(now()) });
      return isBegun ? { kind: 'Begun', secret, uri: totpUri(secret, username) } : { kind: 'AlreadyEnabled' };
    },

    async confirm(viewer, typed) {
      if (viewer === null) throw unauthenticated();
      const code = typed.trim();
      if (!isTotpCode(code)) return invalidCode;
      const at = new Date(now());
      const sealedSecret = await repository.findUnconfirmed(viewer.userId, new Date(at.getTime() - enrollmentLifetimeMs));
      if (sealedSecret === null) return invalidCode;
      const step = findStep(await secrets.open(viewer.userId, sealedSecret), code, at.getTime());
      if (step === null) return invalidCode;
      const account = await accountOf(viewer);
      const fresh = recoveryCodes.create(account.id);
      const isConfirmed = await repository.confirm({
        accountId: account.id,
        sealedSecret,
        step,
        at,
        codeHashes: fresh.hashes,
        ...(await traces(viewer, account, 'MFA_ENABLED', 'mfa-enabled')),
      });
      if (!isConfirmed) return invalidCode;
      mailer.wake();
      return { kind: 'RecoveryCodes', codes: fresh.codes };
    },

    async disable(viewer, { password, code }) {
      if (viewer === null) throw unauthenticated();
      if (!(await reauthentication.reauthenticate(viewer, password, 'disableTotp'))) return invalidCredentials;
      const proof = await codes.check(viewer.userId, code);
      if (proof === null) return invalidCode;
      const account = await accountOf(viewer);
      const isDisabled = await repository.disable({
        accountId: account.id,
        proof,
        at: new Date(now()),
        ...(await traces(viewer, account, 'MFA_DISABLED', 'mfa-disabled')),
      });
      if (!isDisabled) return invalidCode;
      mailer.wake();
      return { kind: 'Disabled', account };
    },
  };
}
