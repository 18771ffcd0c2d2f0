import type { Lifetime } from '../datasources/answer-lifetime.js';
import { inTime } from '../datasources/in-process/in-time.js';
import type { Caller } from '../datasources/subgraph-data-source.js';

/** What came of a request that others waited for. */
export interface Landing {
  /** JSON of what may be anyone's, by key. */
  readonly texts: ReadonlyMap<string, string>;
  readonly lifetime: Lifetime | undefined;
  /** Whoever asked went away, and nothing is known of the answer. */
  readonly wasLeft: boolean;
}

/** Requests under way, so that many who want the same at once ask for it once. */
export interface Flights {
  /** Undefined when nobody asks for it. */
  joined(key: string): Promise<Landing> | undefined;
  /** Others may join until `flight`, which must not reject, is over. */
  begin(keys: readonly string[], flight: Promise<Landing>): void;
}

export function createFlights(): Flights {
  const flights = new Map<string, Promise<Landing>>();
  return {
    joined: (key) => flights.get(key),
    begin(keys, flight) {
      for (const key of keys) flights.set(key, flight);
      void flight.then(() => {
        for (const key of keys) flights.delete(key);
      });
    },
  };
}

const nothing: Landing = { texts: new Map(), lifetime: undefined, wasLeft: false };

/** No longer than the caller waits itself. */
export async function landingFor({ signal, deadline = Infinity }: Caller, flight: Promise<Landing>): Promise<Landing> {
  const ms = Math.min(deadline - performance.now(), longestWaitMs);
  if (ms <= 0 || signal.aborted) return nothing;
  const outcome = await inTime(flight, { signal, ms });
  return outcome.kind === 'answered' ? outcome.answer : nothing;
}

/** More than any request may take: timers cannot wait for ever. */
const longestWaitMs = 3_600_000;
