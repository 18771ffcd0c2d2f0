import { randomUUID } from 'node:crypto';
import { generateAuthenticationOptions } from '@simplewebauthn/server';
import { parse as parseUuid, validate as isUuid } from 'uuid';
import { invalidInput, type InvalidInput } from '../../../../shared/errors/invalid-input.js';
import type { MfaRepository } from '../../data/mfa-repository.js';
import type { PasskeyRepository, StoredPasskey } from '../../data/passkey-repository.js';
import type { AuditLog } from '../audit/audit-log.js';
import { isPossibleMfaToken, type MfaTokens } from '../mfa/mfa-token.js';
import { findDeviceProblem } from '../sessions/device.js';
import { triesPerChallenge, type SignIn, type SignInOrigin } from '../sessions/sign-in.js';
import type { SignedIn } from '../sessions/signed-in.js';
import { parseLoginAnswer, type LoginAnswer } from './authenticator-answer.js';
import { checkLogin, hasGoneBack, toTransports } from './ceremony-checks.js';
import { ceremonyLifetimeMs, type BegunCeremony, type InvalidPasskey } from './passkey-registration.js';
import type { RelyingParty } from './relying-party.js';

export interface PasskeySignIn {
  /** As the only factor; as the second one with the token of `MfaRequired`, whose account must have a passkey. */
  begin(mfaToken: string | null | undefined): Promise<BegunCeremony | { readonly kind: 'InvalidMfaToken' }>;
  /** Every answer is taken once, whatever becomes of it. */
  finish(
    input: SignInOrigin & { readonly ceremonyId: string; readonly response: unknown },
  ): Promise<SignedIn | InvalidPasskey | InvalidInput>;
}

export interface PasskeySignInOptions {
  readonly repository: PasskeyRepository;
  readonly challenges: Pick<MfaRepository, 'countTry'>;
  readonly mfaTokens: MfaTokens;
  readonly signIn: Pick<SignIn, 'finish'>;
  readonly auditLog: Pick<AuditLog, 'record'>;
  readonly site: () => RelyingParty;
  readonly now?: () => number;
}

const invalidPasskey = { kind: 'InvalidPasskey' } as const;
const invalidMfaToken = { kind: 'InvalidMfaToken' } as const;

/** What was proved before a passkey as second factor: the challenge, and the account that it is of. */
interface FirstFactor {
  readonly accountId: string;
  readonly mfaHash: string;
  readonly amr: readonly string[];
  readonly device: string | null;
}

export function createPasskeySignIn({
  repository,
  challenges,
  mfaTokens,
  signIn,
  auditLog,
  site,
  now = Date.now,
}: PasskeySignInOptions): PasskeySignIn {
  async function secondFactorOf(
    mfaToken: string,
  ): Promise<{ accountId: string; mfaHash: string; passkeys: readonly StoredPasskey[] } | null> {
    if (!isPossibleMfaToken(mfaToken)) return null;
    const mfaHash = mfaTokens.hash(mfaToken);
    const challenge = await repository.findChallenge(mfaHash, { at: new Date(now()), maximum: triesPerChallenge });
    if (challenge === null) return null;
    const { accountId } = challenge;
    const passkeys = await repository.list(accountId);
    return passkeys.length === 0 ? null : { accountId, mfaHash, passkeys };
  }

  async function firstFactorOf(second: { accountId: string; mfaHash: string }): Promise<FirstFactor | null> {
    const challenge = await challenges.countTry(second.mfaHash, { at: new Date(now()), maximum: triesPerChallenge });
    return challenge === null ? null : { ...second, ...challenge };
  }

  return {
    async begin(mfaToken) {
      const isSecond = mfaToken !== null && mfaToken !== undefined;
      const second = isSecond ? await secondFactorOf(mfaToken) : null;
      if (isSecond && second === null) return invalidMfaToken;
      const options = await generateAuthenticationOptions({
        rpID: site().id,
        timeout: ceremonyLifetimeMs,
        // Alone it has to be two factors: the device, and whoever it knows.
        userVerification: second === null ? 'required' : 'preferred',
        ...(second === null
          ? {}
          : {
              allowCredentials: second.passkeys.map(({ credentialId: id, transports }) => ({ id, transports: toTransports(transports) })),
            }),
      });
      const id = randomUUID();
      await repository.begin({
        kind: 'login',
        id,
        challenge: options.challenge,
        second: second === null ? null : { accountId: second.accountId, mfaHash: second.mfaHash },
        expiresAt: new Date(now() + ceremonyLifetimeMs),
      });
      return { kind: 'Begun', id, options };
    },

    async finish({ ceremonyId, response, ...origin }) {
      const problem = findDeviceProblem(origin.device);
      if (problem !== null) return invalidInput([problem]);
      const at = new Date(now());
      const ceremony = isUuid(ceremonyId) ? await repository.takeLogin(ceremonyId, at) : null;
      if (ceremony === null) return invalidPasskey;
      const first = ceremony.second === null ? null : await firstFactorOf(ceremony.second);
      if (ceremony.second !== null && first === null) return invalidPasskey;
      const answer = parseLoginAnswer(response);
      const found = answer === null ? null : await repository.findByCredential(answer.id);
      if (answer === null || found === null) return invalidPasskey;

      const { passkey, account } = found;
      const failed = async () => {
        await auditLog.record({ action: 'LOGIN_FAILED', accountId: account.id, details: { method: 'passkey', passkeyId: passkey.id } });
        return invalidPasskey;
      };
      if (!isOf(account.id, answer, first)) return failed();
      const counter = await checkLogin(answer, {
        challenge: ceremony.challenge,
        site: site(),
        passkey,
        requireUserVerification: first === null,
      });
      if (counter === null) return failed();
      if (hasGoneBack(passkey.counter, counter)) {
        await auditLog.record({ action: 'PASSKEY_COUNTER_WENT_BACK', accountId: account.id, details: { passkeyId: passkey.id } });
        return invalidPasskey;
      }
      const outcome = await signIn.finish(account, {
        ...origin,
        device: origin.device ?? first?.device ?? null,
        amr: [...(first?.amr ?? []), 'hwk', 'mfa'],
        claim: {
          challengeHash: first?.mfaHash ?? null,
          proof: { kind: 'passkey', passkeyId: passkey.id, previousCounter: passkey.counter, counter },
        },
      });
      return outcome === 'void' || outcome === 'used' ? failed() : outcome;
    },
  };
}

/**
 * Whether the passkey is of the person who is signing in. Alone, the authenticator must say whose it is as well (WebAuthn, 7.2, step 6):
 * otherwise the user was never asked which account they meant.
 */
function isOf(accountId: string, answer: LoginAnswer, first: FirstFactor | null): boolean {
  if (first !== null && first.accountId !== accountId) return false;
  const { userHandle } = answer.response;
  if (userHandle === null || userHandle === undefined) return first !== null;
  return userHandle === Buffer.from(parseUuid(accountId)).toString('base64url');
}
