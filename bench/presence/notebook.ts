import { median, type Figure } from '../harness.js';

/** Figures as they are measured, one round after the other. */
export interface Notebook {
  readonly note: (name: string, unit: string, value: number, goal?: Figure['goal']) => void;
  /** `of(a[i], b[i])` for each round of two figures. */
  compare(name: string, unit: string, names: readonly [string, string], of: (a: number, b: number) => number, goal?: Figure['goal']): void;
  figures(): readonly Figure[];
}

export function createNotebook(): Notebook {
  const figures = new Map<string, Figure & { readonly rounds: number[] }>();

  function note(name: string, unit: string, value: number, goal: Figure['goal'] = null): void {
    const figure = figures.get(name) ?? { name, unit, rounds: [], goal };
    figures.set(name, figure);
    figure.rounds.push(value);
  }

  const roundsOf = (name: string): readonly number[] => figures.get(name)?.rounds ?? [];

  return {
    note,
    compare(name, unit, [a, b], of, goal) {
      const others = roundsOf(b);
      roundsOf(a).forEach((value, round) => note(name, unit, of(value, others[round] ?? Number.NaN), goal));
      console.error(`${name}: ${median(roundsOf(name)).toFixed(2)} ${unit}`);
    },
    figures: () => [...figures.values()],
  };
}
