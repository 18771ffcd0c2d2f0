import type { Account, AccountRepository } from '../../data/account-repository.js';
import type { MfaRepository } from '../../data/mfa-repository.js';
import type { Traces } from '../../data/traces.js';
import { toAuditRow, type AuditLog } from '../audit/audit-log.js';
import type { Mailer } from '../mail/mailer.js';
import { triesPerChallenge, type SignIn } from '../sessions/sign-in.js';
import type { SignedIn } from '../sessions/signed-in.js';
import type { CodeCheck } from './code-check.js';
import { isPossibleMfaToken, type MfaTokens } from './mfa-token.js';

export type MfaOutcome = SignedIn | { readonly kind: 'InvalidCode' } | { readonly kind: 'InvalidMfaToken' };

export interface MfaVerification {
  /**
   * Ends a sign-in that waits for its second factor. A token is good for five minutes, five tries and one session; a code for one sign-in
   * (RFC 6238, 5.2).
   */
  verify(input: {
    readonly mfaToken: string;
    readonly code: string;
    readonly userAgent: string | undefined;
    readonly clientIp: string | null;
  }): Promise<MfaOutcome>;
}

export interface MfaVerificationOptions {
  readonly repository: Pick<MfaRepository, 'countTry' | 'countRecoveryCodes'>;
  readonly accounts: Pick<AccountRepository, 'findByIds'>;
  readonly mfaTokens: MfaTokens;
  readonly codes: CodeCheck;
  readonly signIn: Pick<SignIn, 'finish'>;
  readonly auditLog: Pick<AuditLog, 'record'>;
  readonly mailer: Pick<Mailer, 'rows'>;
  readonly now?: () => number;
}

const invalidMfaToken = { kind: 'InvalidMfaToken' } as const;

export function createMfaVerification({
  repository,
  accounts,
  mfaTokens,
  codes,
  signIn,
  auditLog,
  mailer,
  now = Date.now,
}: MfaVerificationOptions): MfaVerification {
  async function tracesOfRecoveryCode({ id: accountId, email, username }: Account): Promise<Traces> {
    const codesLeft = Math.max(0, (await repository.countRecoveryCodes(accountId)) - 1);
    return {
      audit: [toAuditRow({ action: 'RECOVERY_CODE_USED', accountId, actorId: accountId, details: { codesLeft } }, now)],
      mails: await mailer.rows('recovery-code-used', { to: email, username, codesLeft }),
    };
  }

  return {
    async verify({ mfaToken, code, userAgent, clientIp }) {
      if (!isPossibleMfaToken(mfaToken)) return invalidMfaToken;
      const challengeHash = mfaTokens.hash(mfaToken);
      const challenge = await repository.countTry(challengeHash, { at: new Date(now()), maximum: triesPerChallenge });
      if (challenge === null) return invalidMfaToken;
      const { accountId, device, amr } = challenge;
      const [account] = await accounts.findByIds([accountId]);
      if (account === undefined) return invalidMfaToken;

      const proof = await codes.check(accountId, code);
      const outcome =
        proof === null
          ? 'used'
          : await signIn.finish(account, {
              amr: [...amr, 'otp', 'mfa'],
              claim: { challengeHash, proof },
              ...(proof.kind === 'recovery-code' ? { traces: await tracesOfRecoveryCode(account) } : {}),
              device,
              userAgent,
              clientIp,
            });
      if (outcome === 'void') return invalidMfaToken;
      if (outcome !== 'used') return outcome;
      await auditLog.record({ action: 'MFA_FAILED', accountId });
      return { kind: 'InvalidCode' };
    },
  };
}
