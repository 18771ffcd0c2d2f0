/** Of one read, in keys: more begin another one. */
const mostKeys = 2_000;

/**
 * Makes one read of all that is asked for by key in one turn of the event loop: thousands who come back at once are a few questions, not
 * thousands. Each read begins after it was asked for, and nothing is remembered. All who ask in one turn get the same result, with what
 * others asked for in it. `schedule` says when the turn is over.
 */
export function createSharedRead<Result>(
  read: (keys: readonly string[]) => Promise<Result>,
  schedule: (begin: () => void) => void = (begin) => void setImmediate(begin),
): (keys: Iterable<string>) => Promise<Result> {
  let asked = new Set<string>();
  let reading: Promise<Result> | undefined;

  async function readAsked(mine: Set<string>): Promise<Result> {
    await new Promise<void>(schedule);
    endTurn(mine);
    return read([...mine]);
  }

  function endTurn(mine: Set<string>): void {
    if (asked !== mine) return;
    asked = new Set();
    reading = undefined;
  }

  return (keys) => {
    for (const key of keys) asked.add(key);
    const mine = (reading ??= readAsked(asked));
    if (asked.size >= mostKeys) endTurn(asked);
    return mine;
  };
}
