import type { Scheduler } from '../presence/scheduler.js';

interface Task {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Time for whole processes: between two moments at which something falls due, everything that waits for nothing but time comes to rest. */
export interface VirtualTime extends Scheduler {
  readonly now: () => number;
  readonly after: (ms: number, task: () => void) => () => void;
  /** The time of one process: nothing of it falls due after `end`. */
  life(): { readonly scheduler: Scheduler; readonly end: () => void };
  /** Lets `ms` pass. */
  pass(ms: number): Promise<void>;
  /** Lets time pass until the work has ended, for 5 s at most; undefined when it has not, or has failed. */
  until<Result>(work: Promise<Result>): Promise<Result | undefined>;
  /** Lets what is under way come to rest. */
  rest(): Promise<void>;
  /** Nothing comes to rest, and no time passes, before the work has ended, which waits for something real. */
  hold(work: Promise<unknown>): void;
}

export function createVirtualTime(start = Date.UTC(2026, 10, 20, 12)): VirtualTime {
  let time = start;
  let order = 0;
  let isAtRest = false;
  /** A binary heap, the next one first. */
  const heap: Task[] = [];
  const held = new Set<Promise<unknown>>();

  function isBefore(a: Task | undefined, b: Task | undefined): boolean {
    return a !== undefined && (b === undefined || a.at < b.at || (a.at === b.at && a.order < b.order));
  }

  function swap(a: number, b: number): void {
    const [atA, atB] = [heap[a], heap[b]];
    if (atA === undefined || atB === undefined) return;
    heap[a] = atB;
    heap[b] = atA;
  }

  function push(task: Task): void {
    heap.push(task);
    for (let index = heap.length - 1; index > 0;) {
      const parent = (index - 1) >> 1;
      if (!isBefore(heap[index], heap[parent])) return;
      swap(index, parent);
      index = parent;
    }
  }

  function pop(): Task | undefined {
    swap(0, heap.length - 1);
    const first = heap.pop();
    for (let index = 0; ;) {
      const child = isBefore(heap[2 * index + 2], heap[2 * index + 1]) ? 2 * index + 2 : 2 * index + 1;
      if (!isBefore(heap[child], heap[index])) return first;
      swap(index, child);
      index = child;
    }
  }

  function after(ms: number, run: () => void): () => void {
    const task: Task = { at: time + Math.max(0, ms), order: (order += 1), run };
    push(task);
    return () => (task.run = undefined);
  }

  // No promise here waits for anything but others, this clock and what is held: one turn of the loop ends them all.
  async function rest(): Promise<void> {
    await turn();
    while (held.size > 0) {
      await Promise.all(held);
      await turn();
    }
    isAtRest = true;
  }

  async function pass(ms: number): Promise<void> {
    const end = time + ms;
    // What was begun since the last rest begins now, not when something falls due.
    await rest();
    for (let next = heap[0]; next !== undefined && next.at <= end; next = heap[0]) {
      if (next.run === undefined) {
        pop();
        continue;
      }
      // Whatever came of the last moment may be due before this one.
      if (next.at > time) {
        if (!isAtRest) {
          await rest();
          continue;
        }
        time = next.at;
      }
      isAtRest = false;
      pop()?.run?.();
    }
    await rest();
    time = end;
  }

  return {
    now: () => time,
    after,
    pass,
    async until(work) {
      const outcome: { hasEnded: boolean; result?: Awaited<typeof work> } = { hasEnded: false };
      work.then(
        (result) => Object.assign(outcome, { hasEnded: true, result }),
        () => (outcome.hasEnded = true),
      );
      await rest();
      for (let passed = 0; passed < 5_000 && !outcome.hasEnded; passed += 50) await pass(50);
      return outcome.result;
    },
    life() {
      let isOver = false;
      return {
        scheduler: { now: () => time, after: (ms, run) => after(ms, () => !isOver && run()) },
        end: () => (isOver = true),
      };
    },
    rest,
    hold(work) {
      const until = work.finally(() => held.delete(until));
      held.add(until);
      // Whoever rests next hears of it.
      until.catch(() => undefined);
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
