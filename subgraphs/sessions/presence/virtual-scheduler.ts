import type { Scheduler } from './scheduler.js';

/** Time for tests: it passes only by `advance`. */
export interface VirtualScheduler extends Scheduler {
  /** Lets `ms` pass and runs what falls due, in order. */
  advance(ms: number): void;
  /** How many tasks wait. */
  readonly waiting: number;
}

export function createVirtualScheduler(start = Date.UTC(2026, 10, 20, 12)): VirtualScheduler {
  let time = start;
  const tasks = new Set<{ readonly at: number; readonly task: () => void }>();

  function nextDue(limit: number) {
    let first: { readonly at: number; readonly task: () => void } | undefined;
    for (const each of tasks) if (each.at <= limit && (first === undefined || each.at < first.at)) first = each;
    return first;
  }

  return {
    now: () => time,
    after(ms, task) {
      const entry = { at: time + Math.max(0, ms), task };
      tasks.add(entry);
      return () => tasks.delete(entry);
    },
    advance(ms) {
      const end = time + ms;
      for (let due = nextDue(end); due !== undefined; due = nextDue(end)) {
        time = Math.max(time, due.at);
        tasks.delete(due);
        due.task();
      }
      time = end;
    },
    get waiting() {
      return tasks.size;
    },
  };
}
