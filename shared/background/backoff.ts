/** How long to wait in ms before trying again, after `failures` failures in a row (1 after the first). */
export type Backoff = (failures: number) => number;

/** Doubles from `first` up to `most`, both in ms. */
export function exponentialBackoff({ first, most }: { first: number; most: number }): Backoff {
  return (failures) => Math.min(most, first * 2 ** Math.min(failures - 1, 30));
}
