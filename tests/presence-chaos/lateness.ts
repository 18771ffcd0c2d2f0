/** From when an answer is late that takes a process no work. */
const lateMs = 300;
const askEveryMs = 200;

/**
 * Notices when the machine has no time for one of the processes at `origins`, or for this one: what is told late then says nothing about the
 * product. `onLate` is called with when that began, once it is over, in ms of `Date.now`. Processes that do not answer at all are not late.
 */
export function watchLateness(origins: readonly string[], onLate: (from: number) => void): { stop(): void } {
  const waiting = new Set<string>();
  let lastTurn = Date.now();

  async function ask(origin: string): Promise<void> {
    if (waiting.has(origin)) return;
    waiting.add(origin);
    const asked = Date.now();
    const isAnswered = await fetch(`${origin}/health/live`).then(
      () => true,
      () => false,
    );
    waiting.delete(origin);
    if (isAnswered && Date.now() > asked + lateMs) onLate(asked);
  }

  const timer = setInterval(() => {
    const turn = Date.now();
    if (turn > lastTurn + askEveryMs + lateMs) onLate(lastTurn);
    lastTurn = turn;
    for (const origin of origins) void ask(origin);
  }, askEveryMs);
  return { stop: () => clearInterval(timer) };
}
