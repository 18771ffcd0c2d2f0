import type { CodeProof } from '../../data/factor-claims.js';
import type { MfaRepository } from '../../data/mfa-repository.js';
import type { AuditLog } from '../audit/audit-log.js';
import { codeBackOffMs } from './code-back-off.js';
import type { RecoveryCodes } from './recovery-codes.js';
import { findStep, isTotpCode } from './totp-code.js';
import type { TotpSecrets } from './totp-secrets.js';

export interface CodeCheck {
  /**
   * What `code`, six digits of the app or a recovery code, would prove; null when it is wrong, or not looked at because of too many wrong
   * ones. Proves nothing yet: whoever takes it first in a transaction has it (`takeProof`).
   */
  check(accountId: string, code: string): Promise<CodeProof | null>;
}

export interface CodeCheckOptions {
  readonly repository: Pick<MfaRepository, 'reserveTry'>;
  readonly secrets: TotpSecrets;
  readonly recoveryCodes: RecoveryCodes;
  readonly auditLog: Pick<AuditLog, 'record'>;
  readonly now?: () => number;
}

export function createCodeCheck({ repository, secrets, recoveryCodes, auditLog, now = Date.now }: CodeCheckOptions): CodeCheck {
  return {
    async check(accountId, typed) {
      const code = typed.trim();
      // Of 80 random bits: there is nothing to guess, so a back-off would only lock out whoever the app has failed.
      const hash = recoveryCodes.hashOf(accountId, code);
      if (hash !== null) return { kind: 'recovery-code', hash };
      if (!isTotpCode(code)) return null;

      const at = new Date(now());
      const totp = await repository.reserveTry(accountId, {
        at,
        lockUntil: (failures) => (codeBackOffMs(failures) === 0 ? null : new Date(at.getTime() + codeBackOffMs(failures))),
      });
      if (totp === null) return null;
      const step = findStep(await secrets.open(accountId, totp.sealedSecret), code, at.getTime());
      if (step !== null) return { kind: 'totp', step };
      if (codeBackOffMs(totp.failures) > 0)
        await auditLog.record({ action: 'MFA_LOCKED', accountId, details: { failures: totp.failures } });
      return null;
    },
  };
}
