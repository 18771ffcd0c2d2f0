import { AppError } from '../../../../shared/errors/app-error.js';
import type { AttemptLimit } from '../../../../shared/rate-limits/rate-limits.js';
import type { SignInOrigin } from '../sessions/sign-in.js';
import type { KnownDevices } from './known-devices.js';

/** The accounts that one guess at a sign-in is tried on: guesses by name and by address are guesses at one password. */
export interface AccountGuess {
  /** Counts the guess at the account, once. For nobody's as well (null), so that the time tells nothing. */
  count(accountId: string | null): Promise<void>;
  /**
   * Whether the guess at this account, which was counted, may succeed. It may not when others have used up all tries and it does not come
   * from a known device. Nobody must be told: it would tell whoever has used them up by name which address is that account's. So the answer
   * is that of a wrong password, after the same work.
   */
  mayBeRight(accountId: string): Promise<boolean>;
}

export interface CountedGuess extends AccountGuess {
  /** It was right for `accountId`: forgets the tries there; at other accounts it was none. */
  right(accountId: string): Promise<void>;
  /** It was no guess. */
  cancel(): Promise<void>;
}

export interface AccountGuessOptions {
  /** Of each account, and of each known device of one. */
  readonly limits: { readonly accounts: AttemptLimit; readonly devices: AttemptLimit };
  readonly knownDevices: Pick<KnownDevices, 'findOf'>;
  readonly origin: SignInOrigin;
  /** Stands for nobody's account. */
  readonly nobody: string;
}

interface Count {
  readonly limit: AttemptLimit;
  readonly key: string;
}

export function countGuess({ limits, knownDevices, origin, nobody }: AccountGuessOptions): CountedGuess {
  /** Where it was counted, by account; null when it is refused. */
  const counts = new Map<string, Promise<Count | null>>();

  async function begin({ limit, key }: Count): Promise<Count | null> {
    try {
      await limit.begin(key);
      return { limit, key };
    } catch (error) {
      if (error instanceof AppError) return null;
      throw error;
    }
  }

  async function fromKnownDevice(accountId: string): Promise<Count | null> {
    const device = await knownDevices.findOf(accountId, origin);
    return device === null ? null : begin({ limit: limits.devices, key: `${accountId}.${device}` });
  }

  async function undo(except: string | null): Promise<void> {
    for (const [accountId, counted] of counts) {
      const count = accountId === except ? null : await counted;
      await count?.limit.cancel(count.key);
    }
  }

  return {
    async count(accountId) {
      const key = accountId ?? nobody;
      if (counts.has(key)) return;
      const own = begin({ limit: limits.accounts, key });
      counts.set(key, own);
      if ((await own) !== null || accountId === null) return;
      // Not waited for: while the password is hashed, its time does not show.
      const byDevice = fromKnownDevice(accountId);
      byDevice.catch(() => undefined);
      counts.set(key, byDevice);
    },
    async mayBeRight(accountId) {
      return ((await counts.get(accountId)) ?? null) !== null;
    },
    async right(accountId) {
      await undo(accountId);
      const count = await counts.get(accountId);
      await count?.limit.reset(count.key);
    },
    cancel: () => undo(null),
  };
}
