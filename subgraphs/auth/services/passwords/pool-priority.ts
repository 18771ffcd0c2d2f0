import { readlink } from 'node:fs/promises';
import { constants, getPriority, setPriority } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** How much nicer than the rest of the process: a thread gets a tenth of what the event loop gets when both want the same core. */
const niceness = 10;
/** More than it takes to meet every thread, unless one is busy all the time. */
const rounds = 100;

/** What is asked of the system; replaced in tests. */
export interface ThreadSystem {
  /** The target of `/proc/thread-self`, read on a thread of the pool; rejects where there is none. */
  readonly threadSelf: () => Promise<string>;
  /** `os.getPriority` and `os.setPriority`, of a process or, on Linux, of a thread. */
  readonly getPriority: (id: number) => number;
  readonly setPriority: (id: number, priority: number) => void;
}

const system: ThreadSystem = { threadSelf: () => readlink('/proc/thread-self'), getPriority, setPriority };

/**
 * Lets the threads of libuv's pool, which hash passwords, go behind the event loop and whatever else the machine does, so that all cores can
 * hash and a query that comes meanwhile waits for none of them (docs/adr/0009). Answers the ids of those threads. On Linux alone, where a
 * thread has a priority of its own: elsewhere nothing changes.
 */
export async function lowerPoolPriority(size: number, { threadSelf, ...priority }: ThreadSystem = system): Promise<readonly number[]> {
  const threads = new Set<number>();
  try {
    const wanted = Math.min(constants.priority.PRIORITY_LOW, priority.getPriority(0) + niceness);
    for (let round = 0; round < rounds && threads.size < size; round += 1) {
      // Several for each: one that is done early takes a second one.
      for (const link of await Promise.all(Array.from({ length: size * 4 }, threadSelf))) {
        // <process>/task/<thread>
        const thread = Number(link.split('/').at(-1));
        if (threads.has(thread)) continue;
        priority.setPriority(thread, wanted);
        threads.add(thread);
      }
      await nextTurn();
    }
  } catch {
    // No such system, or not allowed here: then they stay as they are.
  }
  return [...threads];
}
