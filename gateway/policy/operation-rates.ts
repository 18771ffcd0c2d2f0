import { AppError } from '../../shared/errors/app-error.js';

/** So much may one client ask for in a minute. */
export interface RateRules {
  readonly operations: number;
  /** Points of operation-cost.ts. */
  readonly cost: number;
}

export const defaultRateRules: RateRules = { operations: 6_000, cost: 600_000 };

/** What was counted under a key in a minute. */
export interface Usage {
  operations: number;
  cost: number;
}

/** Adds what was counted here to what others counted, and answers the sums, in the same order. */
export type ShareUsage = (minute: number, counted: readonly (readonly [key: string, usage: Usage])[]) => Promise<readonly Usage[]>;

export interface OperationRates {
  /** Counts an operation of `key`. Answers a `RATE_LIMITED` `AppError` when there were too many in this minute. */
  take(key: string, cost: number): AppError | undefined;
  close(): Promise<void>;
}

const minuteMs = 60_000;
/** Keys that are counted; more, and new ones are not limited until the minute is over: whoever makes a million of them limits nobody else. */
const maximumKeys = 200_000;

interface Entry {
  /** In this minute: here, and elsewhere as far as is known. */
  readonly total: Usage;
  /** Counted here and not shared yet. */
  readonly unshared: Usage;
}

/**
 * Limits how much each client asks for, in minutes of the clock, which all gateways have in common. Counts in memory, so that an operation
 * waits for nobody; with `share`, gateways tell each other each second what they have counted, so that a client of several gets about a
 * second's worth more than the limit at most.
 */
export function createOperationRates({
  rules,
  share,
  now = Date.now,
  shareIntervalMs = 1_000,
}: {
  readonly rules: RateRules;
  /** Undefined when there is only this process. */
  readonly share?: ShareUsage | undefined;
  readonly now?: () => number;
  readonly shareIntervalMs?: number;
}): OperationRates {
  let minute = 0;
  let entries = new Map<string, Entry>();
  let changed = new Set<string>();

  function entryOf(key: string): Entry | undefined {
    const known = entries.get(key);
    if (known !== undefined || entries.size >= maximumKeys) return known;
    const entry = { total: { operations: 0, cost: 0 }, unshared: { operations: 0, cost: 0 } };
    entries.set(key, entry);
    return entry;
  }

  async function shareChanged(ask: ShareUsage): Promise<void> {
    if (changed.size === 0) return;
    const [current, of, keys] = [entries, minute, [...changed]];
    changed = new Set();
    const counted = keys.flatMap((key) => {
      const entry = current.get(key);
      return entry === undefined ? [] : [{ key, entry, usage: { ...entry.unshared } }];
    });
    for (const { entry } of counted) Object.assign(entry.unshared, { operations: 0, cost: 0 });
    try {
      const sums = await ask(
        of,
        counted.map(({ key, usage }) => [key, usage]),
      );
      counted.forEach(({ entry }, index) => {
        const sum = sums[index];
        if (sum === undefined) return;
        // Since then some more came in here.
        entry.total.operations = sum.operations + entry.unshared.operations;
        entry.total.cost = sum.cost + entry.unshared.cost;
      });
    } catch {
      // They count again with the next ones. Each gateway limits for itself until then; the connection logs why.
      for (const { key, entry, usage } of counted) {
        entry.unshared.operations += usage.operations;
        entry.unshared.cost += usage.cost;
        if (current === entries) changed.add(key);
      }
    }
  }

  let sharing: Promise<void> | undefined;
  const timer =
    share === undefined
      ? undefined
      : setInterval(() => {
          // One at a time: a slow answer must not undo what a later one said.
          sharing ??= shareChanged(share).finally(() => (sharing = undefined));
        }, shareIntervalMs).unref();

  return {
    take(key, cost) {
      const time = now();
      const current = Math.floor(time / minuteMs);
      if (current !== minute) {
        minute = current;
        entries = new Map();
        changed = new Set();
      }
      const entry = entryOf(key);
      if (entry === undefined) return undefined;
      const { total, unshared } = entry;
      // What is refused does not count: a client that goes on asking is let in again when the minute is over.
      if (total.operations + 1 > rules.operations || total.cost + cost > rules.cost) return tooMany(rules, (current + 1) * minuteMs - time);
      total.operations += 1;
      total.cost += cost;
      if (share !== undefined) {
        unshared.operations += 1;
        unshared.cost += cost;
        changed.add(key);
      }
      return undefined;
    },
    async close() {
      clearInterval(timer);
      await sharing;
    },
  };
}

function tooMany({ operations, cost }: RateRules, waitMs: number): AppError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new AppError(
    'RATE_LIMITED',
    `Too much for one minute: at most ${operations} operations (RATE_LIMIT_OPERATIONS) and ${cost} points of cost (RATE_LIMIT_COST). ` +
      `Try again in ${seconds} s.`,
    { retryAfter: seconds },
  );
}
