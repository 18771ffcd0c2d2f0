import type { Account } from '../../data/account-repository.js';
import type { NewSession } from '../../data/session-start.js';
import type { SecondFactors, SignInClaim, SignInRepository } from '../../data/sign-in-repository.js';
import type { Traces } from '../../data/traces.js';
import { byOwner, toAuditRow } from '../audit/audit-log.js';
import type { Mailer } from '../mail/mailer.js';
import type { MfaTokens } from '../mfa/mfa-token.js';
import type { KnownDevices } from '../throttling/known-devices.js';
import { deviceLabel } from './device.js';
import type { SessionOpener } from './session-opener.js';
import type { SignedIn } from './signed-in.js';

/** A sign-in that waits this long for its second factor, and takes this many tries (SECURITY 31). */
const challengeLifetimeMs = 5 * 60_000;
export const triesPerChallenge = 5;

export type MfaMethod = 'TOTP' | 'RECOVERY_CODE' | 'PASSKEY';

/** The first factor is right, and the account has a second one. */
export interface MfaRequired {
  readonly kind: 'MfaRequired';
  /** Shown once; only its hash is kept. */
  readonly mfaToken: string;
  readonly methods: readonly MfaMethod[];
  readonly expiresAt: Date;
}

export interface InvalidCredentials {
  readonly kind: 'InvalidCredentials';
}

/** Where a sign-in comes from. */
export interface SignInOrigin {
  /** As the client names it. */
  readonly device?: string | null | undefined;
  readonly userAgent: string | undefined;
  /** Null where nobody tells. */
  readonly clientIp: string | null;
}

export interface SignIn {
  /**
   * The end of every first factor, once it is proved: opens a session, or a challenge when the account has a second factor. A disabled
   * account gets the answer of a wrong password. `amr` says what was proved (RFC 8176), such as `['pwd']`; `passwordHash` is the hash that a
   * password was checked against.
   */
  complete(
    account: Account,
    proof: SignInOrigin & { readonly amr: readonly string[]; readonly passwordHash?: string | undefined },
  ): Promise<SignedIn | MfaRequired | InvalidCredentials>;
  /**
   * Opens the session of somebody who has proved all that the account asks for, together with `claim`, which takes what was proved with
   * so that it counts once, and `traces` of it. With nothing changed, `used` when somebody else took the proof first, and `void` when the
   * challenge or the account is not good any more.
   */
  finish(
    account: Account,
    proof: SignInOrigin & { readonly amr: readonly string[]; readonly claim: SignInClaim; readonly traces?: Traces },
  ): Promise<SignedIn | 'void' | 'used'>;
}

export interface SignInOptions {
  readonly repository: SignInRepository;
  readonly opener: SessionOpener;
  readonly mfaTokens: MfaTokens;
  readonly mailer: Pick<Mailer, 'rows' | 'wake'>;
  readonly knownDevices: Pick<KnownDevices, 'hash'>;
  readonly wakeOutbox: () => void;
  readonly now?: () => number;
}

const invalidCredentials = { kind: 'InvalidCredentials' } as const;

export function createSignIn({ repository, opener, mfaTokens, mailer, knownDevices, wakeOutbox, now = Date.now }: SignInOptions): SignIn {
  async function challenge(
    accountId: string,
    first: { device: string | null; amr: readonly string[]; passwordHash: string | undefined },
    methods: readonly MfaMethod[],
  ): Promise<MfaRequired | InvalidCredentials> {
    const mfaToken = mfaTokens.create();
    const createdAt = new Date(now());
    const expiresAt = new Date(createdAt.getTime() + challengeLifetimeMs);
    const isOpen = await repository.openChallenge({ hash: mfaTokens.hash(mfaToken), accountId, ...first, createdAt, expiresAt });
    return isOpen ? { kind: 'MfaRequired', mfaToken, methods, expiresAt } : invalidCredentials;
  }

  /** The session of somebody, yet to be stored, and the answer that they get once it is. Without the mails of a new place. */
  function prepare(
    account: Account,
    { amr, traces, ...origin }: SignInOrigin & { readonly amr: readonly string[]; readonly traces: Traces },
  ): { session: NewSession; signedIn: SignedIn } {
    const { family, started, signedIn } = opener.open(account, deviceLabel(origin.device, origin.userAgent), amr);
    const { device } = family;
    const who = byOwner({ userId: account.id, sessionId: family.id });
    const session = {
      family,
      roles: account.roles,
      events: [started],
      audit: [...traces.audit, toAuditRow({ action: 'LOGIN_SUCCEEDED', ...who, details: { amr, device } }, now)],
      mails: traces.mails,
      place: {
        hash: knownDevices.hash(origin),
        ifNew: {
          audit: [toAuditRow({ action: 'NEW_DEVICE', ...who, details: { device } }, now)],
          mails: [],
        },
      },
    };
    return { session, signedIn };
  }

  async function withNotice(session: NewSession, { email: to, username }: Account, clientIp: string | null): Promise<NewSession> {
    const { device } = session.family;
    const mails = await mailer.rows('new-device', { to, username, device, clientIp });
    return { ...session, place: { ...session.place, ifNew: { ...session.place.ifNew, mails } } };
  }

  /** After the commit. */
  function announce({ mails, place }: NewSession, isNewPlace: boolean): void {
    wakeOutbox();
    if (mails.length > 0 || (isNewPlace && place.ifNew.mails.length > 0)) mailer.wake();
  }

  return {
    async complete(account, { amr, passwordHash, ...origin }) {
      // Before anything is asked for it: a disabled account must not be told from a wrong password by the time either.
      if (account.disabledAt !== null) return invalidCredentials;
      // Most accounts have no second factor, so that is not asked before: the one statement that starts the session tells.
      const { session: plain, signedIn } = prepare(account, { ...origin, amr, traces: { audit: [], mails: [] } });
      // Nor is the place: a mail costs as much again as the session, and next to all sign-ins come from where the last one came from.
      let session = plain;
      let outcome = await repository.startByFirstFactor(session, { passwordHash, isNewPlaceRefused: hearsOfPlaces(account) });
      if (outcome.kind === 'new-place') {
        session = await withNotice(plain, account, origin.clientIp);
        outcome = await repository.startByFirstFactor(session, { passwordHash, isNewPlaceRefused: false });
      }
      switch (outcome.kind) {
        case 'started':
          announce(session, outcome.isNewPlace);
          return signedIn;
        // A new place is not refused twice.
        case 'new-place':
        case 'void':
          return invalidCredentials;
        case 'second-factor': {
          const factors = await repository.findSecondFactors(account.id);
          const methods = factors === null ? [] : methodsOf(factors);
          // None: removed, or the account disabled, at this very moment.
          if (methods.length === 0) return invalidCredentials;
          return challenge(account.id, { device: session.family.device, amr, passwordHash }, methods);
        }
      }
    },

    async finish(account, { claim, traces = { audit: [], mails: [] }, ...proof }) {
      const { session: plain, signedIn } = prepare(account, { ...proof, traces });
      const session = hearsOfPlaces(account) ? await withNotice(plain, account, proof.clientIp) : plain;
      const outcome = await repository.start(session, claim);
      if (outcome.kind !== 'started') return outcome.kind;
      announce(session, outcome.isNewPlace);
      return signedIn;
    },
  };
}

/** Where somebody is, is nothing for an address that may be a stranger's, mistyped. */
function hearsOfPlaces({ email, emailVerifiedAt }: Account): boolean {
  return email !== null && emailVerifiedAt !== null;
}

function methodsOf({ hasTotp, recoveryCodes, passkeys }: SecondFactors): readonly MfaMethod[] {
  const methods: MfaMethod[] = [];
  if (hasTotp) methods.push('TOTP');
  // They stand in for the others, so without any they open nothing.
  if ((hasTotp || passkeys > 0) && recoveryCodes > 0) methods.push('RECOVERY_CODE');
  if (passkeys > 0) methods.push('PASSKEY');
  return methods;
}
