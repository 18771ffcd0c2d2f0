export interface WakeableLoop {
  /** Aborted when the loop ends: work under way should then come to its end. */
  readonly closing: AbortSignal;
  /** Works at once instead of at the next poll; while work is under way, once more after it. */
  wake(): void;
  /** Starts no more work. */
  stop(): void;
  /** Starts no more work, and resolves when what is under way has ended. */
  close(): Promise<void>;
}

export interface WakeableLoopOptions {
  readonly work: (loop: WakeableLoop) => Promise<void>;
  /** Told of what `work` throws; the loop goes on. */
  readonly onError: (error: unknown) => void;
  /** Pause between two rounds of work, in ms. */
  readonly pollMs: number;
}

/** Works now, at every poll and at every wake, one round at a time, until it is closed. */
export function startWakeableLoop({ work, onError, pollMs }: WakeableLoopOptions): WakeableLoop {
  const closing = new AbortController();
  const isClosing = (): boolean => closing.signal.aborted;
  let wakes = 0;
  let interrupt: () => void = () => undefined;

  function stop(): void {
    closing.abort();
    interrupt();
  }

  const loop: WakeableLoop = {
    closing: closing.signal,
    wake() {
      wakes += 1;
      interrupt();
    },
    stop,
    async close() {
      stop();
      await running;
    },
  };

  async function run(): Promise<void> {
    // Not in the caller's own turn: the work may need what the caller is about to make.
    await Promise.resolve();
    while (!isClosing()) {
      // A wake while the work is under way may come after the work has looked: then it looks again.
      const wakesBefore = wakes;
      try {
        await work(loop);
      } catch (error) {
        onError(error);
      }
      if (wakes === wakesBefore && !isClosing()) await sleep();
    }
  }

  function sleep(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pollMs);
      interrupt = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  const running = run();
  return loop;
}
