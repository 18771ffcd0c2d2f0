/** Whatever ends at a known time. */
export interface Expiries<Item> {
  /** From then on it is told by `onExpired`, once, unless it is removed before. In ms, by the clock of all. */
  add(item: Item, expiresAt: number): void;
  /** `expiresAt` as it was added with. */
  remove(item: Item, expiresAt: number): void;
}

/** What ends within this time ends together, at the end of it: up to 0.1 s late. In ms. */
const stepMs = 100;
/** Longest delay of a Node timer, in ms. */
const maximumDelay = 2 ** 31 - 1;

/** The ends of many with one timer: one for each is 0.5 KB, with what it has to know. */
export function createExpiries<Item>(onExpired: (item: Item) => void, now: () => number): Expiries<Item> {
  /** By the step at whose end they are over. */
  const steps = new Map<number, Set<Item>>();
  let next = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  function plan(step: number): void {
    clearTimeout(timer);
    next = step;
    timer = step === Number.POSITIVE_INFINITY ? undefined : setTimeout(onTimer, Math.min(Math.max(step * stepMs - now(), 0), maximumDelay));
  }

  function onTimer(): void {
    const due = [...steps].filter(([step]) => step * stepMs <= now());
    for (const [step] of due) steps.delete(step);
    plan(Math.min(Number.POSITIVE_INFINITY, ...steps.keys()));
    for (const [, items] of due) for (const item of items) onExpired(item);
  }

  return {
    add(item, expiresAt) {
      const step = Math.ceil(expiresAt / stepMs);
      const items = steps.get(step) ?? new Set();
      steps.set(step, items.add(item));
      if (step < next) plan(step);
    },
    remove(item, expiresAt) {
      const step = Math.ceil(expiresAt / stepMs);
      const items = steps.get(step);
      if (items?.delete(item) !== true || items.size > 0) return;
      steps.delete(step);
      // Nothing may stay behind the last one; a timer that comes too early finds nothing to do.
      if (steps.size === 0) plan(Number.POSITIVE_INFINITY);
    },
  };
}
