import { randomUUID } from 'node:crypto';
import { generateRegistrationOptions } from '@simplewebauthn/server';
import { parse as parseUuid, v7 as uuidv7, validate as isUuid } from 'uuid';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { AppError, unauthenticated } from '../../../../shared/errors/app-error.js';
import { invalidInput, type FieldProblem, type InvalidInput } from '../../../../shared/errors/invalid-input.js';
import type { Account, AccountRepository } from '../../data/account-repository.js';
import type { Passkey, PasskeyRepository } from '../../data/passkey-repository.js';
import type { Traces } from '../../data/traces.js';
import { byOwner, toAuditRow } from '../audit/audit-log.js';
import type { Mailer } from '../mail/mailer.js';
import type { RecoveryCodes } from '../mfa/recovery-codes.js';
import type { Reauthentication } from '../passwords/reauthentication.js';
import type { InvalidCredentials } from '../sessions/sign-in.js';
import { parseRegistrationAnswer } from './authenticator-answer.js';
import { checkRegistration, toTransports } from './ceremony-checks.js';
import type { RelyingParty } from './relying-party.js';

export const ceremonyLifetimeMs = 5 * 60_000;
export const passkeysPerAccount = 20;
/** In characters (code points). */
const longestName = 64;

export interface BegunCeremony {
  readonly kind: 'Begun';
  readonly id: string;
  /** For `navigator.credentials`, in the JSON form of WebAuthn Level 3. */
  readonly options: object;
}

export interface InvalidPasskey {
  readonly kind: 'InvalidPasskey';
}

interface RegisteredPasskey {
  readonly kind: 'Registered';
  readonly passkey: Passkey;
  /** Shown once, when the account had none; only keyed hashes are kept. */
  readonly recoveryCodes: readonly string[] | null;
}

type PasswordInput = { readonly password?: string | null | undefined };

/** The passkeys of the viewer. Each throws an `UNAUTHENTICATED` `AppError` for an anonymous one. */
export interface PasskeyRegistration {
  /** Throws a `BAD_USER_INPUT` `AppError` when the account has as many as it may have. */
  begin(viewer: Viewer | null, input: PasswordInput): Promise<BegunCeremony | InvalidCredentials>;
  finish(
    viewer: Viewer | null,
    input: { readonly ceremonyId: string; readonly response: unknown; readonly name?: string | null | undefined },
  ): Promise<RegisteredPasskey | InvalidPasskey | InvalidInput>;
  /** The newest first. */
  list(viewer: Viewer | null): Promise<readonly Passkey[]>;
  remove(
    viewer: Viewer | null,
    input: PasswordInput & { readonly id: string },
  ): Promise<{ readonly kind: 'Removed'; readonly id: string } | InvalidCredentials | { readonly kind: 'NotFound'; readonly id: string }>;
}

export interface PasskeyRegistrationOptions {
  readonly repository: PasskeyRepository;
  readonly accounts: Pick<AccountRepository, 'findByIds'>;
  readonly reauthentication: Reauthentication;
  readonly recoveryCodes: RecoveryCodes;
  readonly mailer: Mailer;
  readonly site: () => RelyingParty;
  readonly now?: () => number;
}

const invalidPasskey = { kind: 'InvalidPasskey' } as const;
const invalidCredentials = { kind: 'InvalidCredentials' } as const;

export function createPasskeyRegistration({
  repository,
  accounts,
  reauthentication,
  recoveryCodes,
  mailer,
  site,
  now = Date.now,
}: PasskeyRegistrationOptions): PasskeyRegistration {
  async function accountOf(viewer: Viewer): Promise<Account> {
    const [account] = await accounts.findByIds([viewer.userId]);
    if (account === undefined) throw unauthenticated();
    return account;
  }

  async function traces(viewer: Viewer, what: 'added' | 'removed', { id, name }: { id: string; name: string }): Promise<Traces> {
    const { email, username } = await accountOf(viewer);
    const action = what === 'added' ? 'PASSKEY_ADDED' : 'PASSKEY_REMOVED';
    return {
      audit: [toAuditRow({ action, ...byOwner(viewer), details: { passkeyId: id, name } }, now)],
      mails: await mailer.rows(`passkey-${what}`, { to: email, username, name }),
    };
  }

  return {
    async begin(viewer, { password }) {
      if (viewer === null) throw unauthenticated();
      if (!(await reauthentication.reauthenticate(viewer, password, 'beginPasskeyRegistration'))) return invalidCredentials;
      const account = await accountOf(viewer);
      const known = await repository.list(account.id);
      if (known.length >= passkeysPerAccount) throw tooMany();
      const options = await generateRegistrationOptions({
        rpName: 'Galaxia',
        rpID: site().id,
        userName: account.username,
        userDisplayName: account.username,
        // The id is public and says nothing about the person, as the handle must be (WebAuthn, 14.6.1).
        userID: Uint8Array.from(parseUuid(account.id)),
        timeout: ceremonyLifetimeMs,
        attestationType: 'none',
        excludeCredentials: known.map(({ credentialId, transports }) => ({ id: credentialId, transports: toTransports(transports) })),
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
      });
      const id = randomUUID();
      await repository.begin({
        kind: 'registration',
        id,
        challenge: options.challenge,
        accountId: account.id,
        expiresAt: new Date(now() + ceremonyLifetimeMs),
      });
      return { kind: 'Begun', id, options };
    },

    async finish(viewer, { ceremonyId, response, name }) {
      if (viewer === null) throw unauthenticated();
      const given = name ?? 'Passkey';
      const problem = findNameProblem(given);
      if (problem !== null) return invalidInput([problem]);
      const at = new Date(now());
      const ceremony = isUuid(ceremonyId) ? await repository.take('registration', ceremonyId, viewer.userId, at) : null;
      const answer = parseRegistrationAnswer(response);
      if (ceremony === null || answer === null) return invalidPasskey;
      const checked = await checkRegistration(answer, { challenge: ceremony.challenge, site: site() });
      if (checked === null) return invalidPasskey;
      const passkey: Passkey = { id: uuidv7(), name: given.trim(), createdAt: at, lastUsedAt: null };
      const fresh = recoveryCodes.create(viewer.userId);
      const outcome = await repository.add(
        { ...passkey, ...checked, accountId: viewer.userId, transports: toTransports(answer.response.transports ?? []) },
        { maximum: passkeysPerAccount, codeHashes: fresh.hashes, ...(await traces(viewer, 'added', passkey)) },
      );
      switch (outcome) {
        case 'added':
        case 'added-with-codes':
          mailer.wake();
          return { kind: 'Registered', passkey, recoveryCodes: outcome === 'added' ? null : fresh.codes };
        case 'taken':
          return invalidPasskey;
        case 'too-many':
          throw tooMany();
      }
    },

    async list(viewer) {
      if (viewer === null) throw unauthenticated();
      return repository.list(viewer.userId);
    },

    async remove(viewer, { id, password }) {
      if (viewer === null) throw unauthenticated();
      if (!(await reauthentication.reauthenticate(viewer, password, 'removePasskey'))) return invalidCredentials;
      const passkey = (await repository.list(viewer.userId)).find((each) => each.id === id.toLowerCase());
      if (passkey === undefined) return { kind: 'NotFound', id };
      const isRemoved = await repository.remove(passkey.id, viewer.userId, await traces(viewer, 'removed', passkey));
      if (!isRemoved) return { kind: 'NotFound', id };
      mailer.wake();
      return { kind: 'Removed', id: passkey.id };
    },
  };
}

function findNameProblem(name: string): FieldProblem | null {
  const problem = (code: string, message: string): FieldProblem => ({ path: 'name', code, message });
  const length = Array.from(name.trim()).length;
  if (length === 0) return problem('EMPTY', 'Give the passkey a name, or leave it out.');
  if (length > longestName) return problem('TOO_LONG', `The name of a passkey has at most ${String(longestName)} characters.`);
  // Postgres refuses them, and terminals obey them.
  if (/[\p{Cc}\p{Cf}\p{Cs}]/u.test(name)) return problem('INVALID_CHARS', 'The name of a passkey has no control characters.');
  return null;
}

function tooMany(): AppError {
  return new AppError('BAD_USER_INPUT', `An account has at most ${String(passkeysPerAccount)} passkeys: remove one first.`);
}
