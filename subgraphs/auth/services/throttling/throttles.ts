import { createHmac } from 'node:crypto';
import { defaultNetworkRates, type NetworkRates } from '../../../../shared/config/network-rate-settings.js';
import { AppError } from '../../../../shared/errors/app-error.js';
import { clientNetwork } from '../../../../shared/rate-limits/client-network.js';
import type { AttemptLimit, RateLimits, WindowLimit } from '../../../../shared/rate-limits/rate-limits.js';
import type { SignInOrigin } from '../sessions/sign-in.js';
import { countGuess, type AccountGuess, type CountedGuess } from './account-guesses.js';
import type { KnownDevices } from './known-devices.js';
import { createTurns } from './turns.js';

/** In how many seconds a network may do as much as `NetworkRates` say. */
export const networkWindows: Readonly<Record<keyof NetworkRates, number>> = {
  'wrong passwords': 60,
  registrations: 3600,
  refreshes: 60,
  'guest sign-ins': 60,
  'second factors': 60,
  'passkey sign-ins': 60,
  'mail requests': 3600,
  'mailed tokens': 60,
  'username look-ups': 60,
};

export type NetworkAction = Exclude<keyof NetworkRates, 'wrong passwords'>;

/** Guesses at one password, by strangers together and by each known device of its account. */
export const passwordAttempts = { free: 10, firstSeconds: 1, mostSeconds: 15 * 60, forgetSeconds: 24 * 3600 } as const;
/** Wrong passwords from unknown devices, over all networks and accounts: what a botnet may try. */
const everybodysWrongPasswords = { points: 3000, seconds: 60 } as const;
/** Mails of one kind that an account or an address is sent. */
export const mailsPerRecipient = { points: 5, seconds: 3600 } as const;
const usernameLookUpsPerUser = { points: 60, seconds: 60 } as const;

/** How many guesses from one place at one account are checked at a time; the others wait, to see first how these end. */
const guessesAtOnce = 5;

/** What a guess came to. */
export interface PasswordGuess<Result> {
  readonly isRight: boolean;
  /** Whose it is, when it is right. */
  readonly accountId?: string | undefined;
  /** Right, but for somebody who merely claims what they signed in with: that forgives nobody's wrong guesses at its owner. */
  readonly isMereClaim?: boolean | undefined;
  readonly result: Result;
}

/** Everything here throws a `RATE_LIMITED` `AppError` with `retryAfter` when something was done too often. */
export interface Throttles {
  /**
   * Checks a password at a sign-in, when it may be, before anything is looked up or hashed. The answer is the same whether or not there is
   * such an account; a device that its owner has used before still gets in when strangers have used up all tries (SECURITY 11). A right
   * password makes all wrong ones before forgotten; a `check` that throws was no guess. `check` counts the guess at the account too, once
   * it knows which one that is.
   */
  guessAtSignIn<Result>(
    login: SignInOrigin & { readonly identifier: string },
    check: (atAccount: AccountGuess) => Promise<PasswordGuess<Result>>,
  ): Promise<Result>;
  /** Checks the password of a signed-in caller again: a stolen session must not be a place to guess it. */
  guessAgain<Result>(accountId: string, check: () => Promise<PasswordGuess<Result>>): Promise<Result>;
  perNetwork(action: NetworkAction, clientIp: string | null): Promise<void>;
  /** Before a mail that somebody asked for; `recipient` is an account's id, or the identifier as it was typed. */
  beforeMail(kind: 'password-reset' | 'email-verification', request: { recipient: string; clientIp: string | null }): Promise<void>;
  /** Whether names are free may be asked so often by a user, and so often by a network. */
  usernameLookUp(caller: { userId: string | null; clientIp: string | null }): Promise<void>;
}

export interface ThrottlesOptions {
  readonly limits: RateLimits;
  readonly networkRates?: NetworkRates | undefined;
  readonly knownDevices: KnownDevices;
  /** Makes keys of what people type: no name and no address stands in Redis. 32 bytes. */
  readonly key: Uint8Array;
}

export function createThrottles({ limits, networkRates = defaultNetworkRates, knownDevices, key }: ThrottlesOptions): Throttles {
  const networks = new Map<string, WindowLimit>(
    Object.entries(networkRates).map(([action, points]) => [
      action,
      limits.window(`auth ${action} per network`, { points, seconds: networkWindows[action as keyof NetworkRates] }),
    ]),
  );
  const everybody = limits.window('auth wrong passwords', everybodysWrongPasswords);
  const strangers = limits.attempts('auth password', passwordAttempts);
  const devices = limits.attempts('auth password by known device', passwordAttempts);
  const perAccount = {
    accounts: limits.attempts('auth password by account', passwordAttempts),
    devices: limits.attempts('auth password by account and known device', passwordAttempts),
  };
  const again = limits.attempts('auth re-authentication', passwordAttempts);
  const turns = createTurns(guessesAtOnce);
  const mails = limits.window('auth mails', mailsPerRecipient);
  const lookUps = limits.window('auth username look-ups', usernameLookUpsPerUser);

  const keyed = (text: string) => createHmac('sha256', key).update(text.trim().toLowerCase()).digest('base64url');

  function network(action: keyof NetworkRates): WindowLimit {
    const limit = networks.get(action);
    if (limit === undefined) throw new Error(`no limit for ${action}`);
    return limit;
  }

  /** Admits a guess at `account`, the key of `identifier`, and answers with what it means that it was wrong. */
  async function admit(account: string, identifier: string, origin: SignInOrigin): Promise<Admission> {
    const from = clientNetwork(origin.clientIp ?? undefined);
    const wrong = network('wrong passwords');
    try {
      await wrong.check(from);
      await everybody.check('all');
      await strangers.begin(account);
      return { limit: strangers, key: account, failed: () => Promise.all([wrong.count(from), everybody.count('all')]) };
    } catch (refusal) {
      if (!(refusal instanceof AppError)) throw refusal;
      const device = await knownDevices.find(identifier, origin);
      if (device === null) throw refusal;
      const key = `${account}.${device}`;
      await devices.begin(key);
      return { limit: devices, key, failed: () => Promise.resolve() };
    }
  }

  return {
    guessAtSignIn({ identifier, ...origin }, check) {
      const account = keyed(identifier);
      return turns.run(`${account}.${knownDevices.hash(origin)}`, async () => {
        const admission = await admit(account, identifier, origin);
        const atAccount = countGuess({ limits: perAccount, knownDevices, origin, nobody: `nobody.${account}` });
        return guess(admission, () => check(atAccount), atAccount);
      });
    },

    guessAgain: (accountId, check) =>
      turns.run(accountId, async () => {
        await again.begin(accountId);
        return guess({ limit: again, key: accountId, failed: () => Promise.resolve() }, check, null);
      }),

    perNetwork: (action, clientIp) => network(action).take(clientNetwork(clientIp ?? undefined)),

    async beforeMail(kind, { recipient, clientIp }) {
      await network('mail requests').take(clientNetwork(clientIp ?? undefined));
      await mails.take(`${kind}.${keyed(recipient)}`);
    },

    async usernameLookUp({ userId, clientIp }) {
      await network('username look-ups').take(clientNetwork(clientIp ?? undefined));
      if (userId !== null) await lookUps.take(userId);
    },
  };
}

interface Admission {
  readonly limit: AttemptLimit;
  readonly key: string;
  readonly failed: () => Promise<unknown>;
}

async function guess<Result>(
  { limit, key, failed }: Admission,
  check: () => Promise<PasswordGuess<Result>>,
  atAccount: CountedGuess | null,
): Promise<Result> {
  const cancel = () => Promise.all([limit.cancel(key), atAccount?.cancel()]);
  const { isRight, isMereClaim, accountId, result } = await check().catch(async (error: unknown) => {
    await cancel();
    throw error;
  });
  if (!isRight) await failed();
  else if (isMereClaim === true) await cancel();
  else await Promise.all([limit.reset(key), accountId === undefined ? undefined : atAccount?.right(accountId)]);
  return result;
}
