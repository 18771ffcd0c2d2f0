/** Whoever has to be asked now and then whether they are still there. */
export interface Beating {
  /** To be answered by a call of `heard`. */
  ping(): void;
  /** Nothing was heard for too long after the ping; it is not asked any more. */
  onDead(): void;
}

export interface Heartbeat {
  /** From now on; the first ping comes after a whole interval. */
  add(beating: Beating): void;
  /** It has answered. Nothing for one that was not added or is gone. */
  heard(beating: Beating): void;
  remove(beating: Beating): void;
}

export interface HeartbeatLimits {
  readonly pingIntervalMs: number;
  /** From the ping to `onDead`. */
  readonly pongTimeoutMs: number;
}

/**
 * Pings and time-outs of many with one timer: two timers for each are 0.5 KB, and 15,000 quiet sockets would wake the process a thousand
 * times a second. It goes off at most ten times a second, so that everything may come up to 0.1 s late.
 */
export function createHeartbeat(
  { pingIntervalMs, pongTimeoutMs }: HeartbeatLimits,
  now: () => number = () => performance.now(),
): Heartbeat {
  // When each is to be asked, or given up. All wait for equally long, so that the first of a list is the first whose time comes.
  const quiet = new Map<Beating, number>();
  const asked = new Map<Beating, number>();
  const leastDelayMs = Math.min(100, pingIntervalMs / 10, pongTimeoutMs / 10);
  let timer: NodeJS.Timeout | undefined;

  function plan(): void {
    if (timer !== undefined) return;
    const next = Math.min(firstOf(quiet), firstOf(asked));
    if (next === Number.POSITIVE_INFINITY) return;
    timer = setTimeout(onTimer, Math.max(next - now(), leastDelayMs));
  }

  function onTimer(): void {
    timer = undefined;
    const at = now();
    for (const beating of dueOf(asked, at)) beating.onDead();
    for (const beating of dueOf(quiet, at)) {
      asked.set(beating, at + pongTimeoutMs);
      beating.ping();
    }
    plan();
  }

  return {
    add(beating) {
      quiet.set(beating, now() + pingIntervalMs);
      plan();
    },
    heard(beating) {
      if (!asked.delete(beating) && !quiet.delete(beating)) return;
      quiet.set(beating, now() + pingIntervalMs);
      plan();
    },
    remove(beating) {
      quiet.delete(beating);
      asked.delete(beating);
      if (quiet.size > 0 || asked.size > 0) return;
      // Nothing may stay behind the last one.
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

function firstOf(times: ReadonlyMap<Beating, number>): number {
  for (const time of times.values()) return time;
  return Number.POSITIVE_INFINITY;
}

/** Takes out those whose time has come. */
function dueOf(times: Map<Beating, number>, at: number): readonly Beating[] {
  const due: Beating[] = [];
  for (const [beating, time] of times) {
    if (time > at) break;
    times.delete(beating);
    due.push(beating);
  }
  return due;
}
