import { createRollingWindow } from './rolling-window.js';
import { defaultSubgraphFaultLimits, type SubgraphFaultLimits } from './subgraph-fault-settings.js';

/** Whether a subgraph may be asked; to be handed back with what came of it. */
export type Admission =
  | { readonly kind: 'admitted' }
  /** One of the few that find out whether the subgraph is well again. */
  | { readonly kind: 'probe'; readonly opening: number }
  | { readonly kind: 'refused'; readonly retryAfterMs: number };

/** `neither` says nothing about the subgraph: the client has left, or its own question was at fault. */
export type Outcome = 'well' | 'fault' | 'neither';

export type CircuitState =
  | { readonly kind: 'closed' }
  /** `since` is when the trouble began, in ms since the epoch; `cause` is the last fault before that, in words for operators. */
  | { readonly kind: 'open' | 'half-open'; readonly since: number; readonly cause: string };

export interface CircuitBreaker {
  admit(at: number): Admission;
  settle(admission: Admission, outcome: Outcome, at: number, cause?: string): void;
  state(): CircuitState;
}

type CircuitLimits = Pick<SubgraphFaultLimits, 'minimumRequests' | 'faultRate' | 'openMs' | 'maxOpenMs'>;

export interface CircuitBreakerOptions extends Partial<CircuitLimits> {
  readonly onChange?: (state: CircuitState) => void;
  readonly random?: () => number;
  readonly wallClock?: () => number;
}

type State =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open'; readonly since: number; readonly cause: string; readonly openMs: number; readonly until: number }
  | { readonly kind: 'half-open'; readonly since: number; readonly cause: string; readonly openMs: number };

const admitted: Admission = { kind: 'admitted' };
/** More than one, so that a probe which hangs does not hold up the next. */
const maximumProbes = 3;
/** How soon to come back while probes are under way, in ms. */
const probingMs = 1_000;
/** Most troubles, such as a restart, are over within this time, in ms: until then nobody waits longer than need be. */
const shortTroubleMs = 60_000;
const requests = 0;
const faults = 1;

/**
 * Keeps the gateway from waiting for a subgraph that does not answer: opens on a rate of faults, answers at once while it is open, and
 * lets single requests through to see when it may close. Times are `at`, in ms of one monotonic clock.
 */
export function createCircuitBreaker(options: CircuitBreakerOptions = {}): CircuitBreaker {
  const { minimumRequests, faultRate, openMs, maxOpenMs, onChange } = { ...defaultSubgraphFaultLimits, ...options };
  const { random = Math.random, wallClock = Date.now } = options;
  const window = createRollingWindow(2);
  let state: State = { kind: 'closed' };
  /** Counts the openings: a probe of an earlier one says nothing about now. */
  let opening = 0;
  let probes = 0;
  /** When the trouble began. */
  let openedAt = 0;

  function publicState(): CircuitState {
    return state.kind === 'closed' ? { kind: 'closed' } : { kind: state.kind, since: state.since, cause: state.cause };
  }

  function change(next: State): void {
    state = next;
    onChange?.(publicState());
  }

  function open(at: number, ms: number, since: number, cause: string): void {
    opening += 1;
    probes = 0;
    // Or all gateways would come back in the same moment.
    const until = at + ms * (0.8 + 0.4 * random());
    change({ kind: 'open', since, cause, openMs: ms, until });
  }

  function isTooMuch(at: number): boolean {
    const total = window.sum(requests, at);
    return total >= minimumRequests && window.sum(faults, at) >= total * faultRate;
  }

  return {
    admit(at) {
      if (state.kind === 'closed') return admitted;
      if (state.kind === 'open') {
        if (at < state.until) return { kind: 'refused', retryAfterMs: state.until - at };
        const { since, cause, openMs: openedMs } = state;
        change({ kind: 'half-open', since, cause, openMs: openedMs });
      }
      if (probes >= maximumProbes) return { kind: 'refused', retryAfterMs: probingMs };
      probes += 1;
      return { kind: 'probe', opening };
    },
    settle(admission, outcome, at, cause = '') {
      switch (admission.kind) {
        case 'refused':
          return;
        case 'admitted':
          if (outcome === 'neither') return;
          window.add(requests, at);
          if (outcome === 'well') return;
          window.add(faults, at);
          if (state.kind !== 'closed' || !isTooMuch(at)) return;
          openedAt = at;
          open(at, openMs, wallClock(), cause);
          return;
        case 'probe':
          if (admission.opening !== opening || state.kind !== 'half-open') return;
          probes -= 1;
          if (outcome === 'neither') return;
          if (outcome === 'fault') {
            const nextMs = at - openedAt < shortTroubleMs ? openMs : Math.min(maxOpenMs, state.openMs * 2);
            open(at, nextMs, state.since, cause);
            return;
          }
          window.clear();
          change({ kind: 'closed' });
      }
    },
    state: publicState,
  };
}
