import { createHash } from 'node:crypto';

/** The same throws for the same seed. */
export interface Dice {
  /** From 0 to `sides` - 1. */
  below(sides: number): number;
  /** True once in `times`; never for 0. */
  oneIn(times: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
}

export function createDice(seed: string): Dice {
  let state = createHash('sha256').update(seed).digest().readUInt32LE(0);
  // mulberry32
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const below = (sides: number): number => Math.floor(next() * sides);
  return {
    below,
    oneIn: (times) => times > 0 && below(times) === 0,
    pick(items) {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
  };
}
