import { createHmac } from 'node:crypto';
import { AppError } from '../../../../shared/errors/app-error.js';
import { clientNetwork } from '../../../../shared/rate-limits/client-network.js';
import type { AttemptLimit, RateLimits, WindowLimit } from '../../../../shared/rate-limits/rate-limits.js';
import type { SignInOrigin } from '../sessions/sign-in.js';
import type { KnownDevices } from './known-devices.js';

/**
 * What a network may do. Generous, because a school or a café is one network; what is strict is counted per account. All of them times
 * `RATE_LIMIT_SCALE`.
 */
export const networkLimits = {
  'wrong passwords': { points: 100, seconds: 60 },
  registrations: { points: 500, seconds: 3600 },
  refreshes: { points: 1200, seconds: 60 },
  'guest sign-ins': { points: 300, seconds: 60 },
  'second factors': { points: 100, seconds: 60 },
  'passkey sign-ins': { points: 300, seconds: 60 },
  'mail requests': { points: 60, seconds: 3600 },
  'mailed tokens': { points: 100, seconds: 60 },
  'username look-ups': { points: 120, seconds: 60 },
} as const;

export type NetworkAction = Exclude<keyof typeof networkLimits, 'wrong passwords'>;

/** Guesses at one password, by strangers together and by each known device of its account. */
export const passwordAttempts = { free: 10, firstSeconds: 1, mostSeconds: 15 * 60, forgetSeconds: 24 * 3600 } as const;
/** Wrong passwords from unknown devices, over all networks and accounts: what a botnet may try. */
const everybodysWrongPasswords = { points: 3000, seconds: 60 } as const;
/** Mails of one kind that an account or an address is sent. */
export const mailsPerRecipient = { points: 5, seconds: 3600 } as const;
const usernameLookUpsPerUser = { points: 60, seconds: 60 } as const;

/** A guess that may be made. */
export interface PasswordAttempt {
  /** It was right: nothing of it counts, nor of those before. */
  succeeded(): Promise<void>;
  /** It was not made, because the server was too busy. */
  cancelled(): Promise<void>;
}

/** Everything here throws a `RATE_LIMITED` `AppError` with `retryAfter` when something was done too often. */
export interface Throttles {
  /**
   * Before anything of a sign-in is looked up or hashed. The answer is the same whether or not there is such an account; a device that
   * its owner has used before still gets in when strangers have used up all tries (SECURITY 11).
   */
  beforePassword(login: SignInOrigin & { readonly identifier: string }): Promise<PasswordAttempt>;
  /** Before the password of a signed-in caller is checked again: a stolen session must not be a place to guess it. */
  beforeReauthentication(accountId: string): Promise<PasswordAttempt>;
  perNetwork(action: NetworkAction, clientIp: string | null): Promise<void>;
  /** Before a mail that somebody asked for; `recipient` is an account's id, or the identifier as it was typed. */
  beforeMail(kind: 'password-reset' | 'email-verification', request: { recipient: string; clientIp: string | null }): Promise<void>;
  /** Whether names are free may be asked so often by a user, and so often by a network. */
  usernameLookUp(caller: { userId: string | null; clientIp: string | null }): Promise<void>;
}

export interface ThrottlesOptions {
  readonly limits: RateLimits;
  readonly knownDevices: KnownDevices;
  /** Makes keys of what people type: no name and no address stands in Redis. 32 bytes. */
  readonly key: Uint8Array;
}

export function createThrottles({ limits, knownDevices, key }: ThrottlesOptions): Throttles {
  const networks = new Map<string, WindowLimit>(
    Object.entries(networkLimits).map(([action, rule]) => [action, limits.window(`auth ${action} per network`, rule)]),
  );
  const everybody = limits.window('auth wrong passwords', everybodysWrongPasswords);
  const strangers = limits.attempts('auth password', passwordAttempts);
  const devices = limits.attempts('auth password by known device', passwordAttempts);
  const reauthentications = limits.attempts('auth re-authentication', passwordAttempts);
  const mails = limits.window('auth mails', mailsPerRecipient);
  const lookUps = limits.window('auth username look-ups', usernameLookUpsPerUser);

  const keyed = (text: string) => createHmac('sha256', key).update(text.trim().toLowerCase()).digest('base64url');

  function network(action: keyof typeof networkLimits): WindowLimit {
    const limit = networks.get(action);
    if (limit === undefined) throw new Error(`no limit for ${action}`);
    return limit;
  }

  async function asStranger(account: string, clientIp: string | null): Promise<PasswordAttempt> {
    const wrong = network('wrong passwords');
    const from = clientNetwork(clientIp ?? undefined);
    await wrong.take(from);
    await everybody.take('all');
    await strangers.begin(account);
    const giveBack = () => Promise.all([wrong.giveBack(from), everybody.giveBack('all')]);
    const guess = attemptAt(strangers, account);
    return {
      async succeeded() {
        await Promise.all([giveBack(), guess.succeeded()]);
      },
      async cancelled() {
        await Promise.all([giveBack(), guess.cancelled()]);
      },
    };
  }

  async function asKnownDevice(account: string, device: string): Promise<PasswordAttempt> {
    const guesser = `${account}.${device}`;
    await devices.begin(guesser);
    return attemptAt(devices, guesser);
  }

  return {
    async beforePassword({ identifier, ...origin }) {
      const account = keyed(identifier);
      try {
        return await asStranger(account, origin.clientIp);
      } catch (refusal) {
        if (!(refusal instanceof AppError)) throw refusal;
        const device = await knownDevices.find(identifier, origin);
        if (device === null) throw refusal;
        return asKnownDevice(account, device);
      }
    },

    async beforeReauthentication(accountId) {
      await reauthentications.begin(accountId);
      return attemptAt(reauthentications, accountId);
    },

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

function attemptAt(limit: AttemptLimit, key: string): PasswordAttempt {
  return { succeeded: () => limit.reset(key), cancelled: () => limit.cancel(key) };
}
