import { median, show, type Figure } from '../harness.js';
import { createNotebook, type Notebook } from '../presence/notebook.js';
import { queries } from './queries.js';
import type { ContestantName } from './stage.js';

export const columns = {
  cpu: { name: 'CPU of the gateway for a request', unit: 'ms' },
  rate: { name: 'requests, 32 at a time', unit: '1/s' },
  p50: { name: 'p50, 32 at a time', unit: 'ms' },
  p99: { name: 'p99, 32 at a time', unit: 'ms' },
  p50Alone: { name: 'p50, one at a time', unit: 'ms' },
  p99Alone: { name: 'p99, one at a time', unit: 'ms' },
  memory: { name: 'memory (RSS) after all', unit: 'MB' },
} as const;

export const directly = 'subgraphs directly';

/** Under which a value of `column` is noted. */
export function figureName(query: string, contestant: string, column: keyof typeof columns): string {
  return `${query}, ${contestant}: ${columns[column].name}`;
}

/** CPU with all rounds, and the ratios that PERFORMANCE asks for, each of the two sides of one round. */
export function summarise(notebook: Notebook, names: readonly ContestantName[]): readonly Figure[] {
  const summary = createNotebook();
  const rounds = (name: string): readonly number[] => notebook.figures().find((figure) => figure.name === name)?.rounds ?? [];
  const compare = (
    name: string,
    unit: string,
    [a, b]: readonly [string, string],
    of: (a: number, b: number) => number,
    goal: Figure['goal'],
  ) => rounds(a).forEach((value, round) => summary.note(name, unit, of(value, rounds(b)[round] ?? Number.NaN), goal));
  const times = (a: number, b: number): number => a / b;
  const more = (a: number, b: number): number => a - b;

  for (const { name } of queries) {
    const cpu = (contestant: ContestantName): string => figureName(name, contestant, 'cpu');
    for (const contestant of names) for (const value of rounds(cpu(contestant))) summary.note(cpu(contestant), columns.cpu.unit, value);
    compare(`${name}: Galaxia's CPU over the relay's`, '×', [cpu('Galaxia'), cpu('relay')], times, { atMost: 1.5 });
    compare(`${name}: Hive's CPU over Galaxia's`, '×', [cpu('Hive'), cpu('Galaxia')], times, { atLeast: 3 });
    compare(`${name}: plain Apollo's CPU over Galaxia's`, '×', [cpu('plain Apollo'), cpu('Galaxia')], times, { atLeast: 5 });
    const alone = (asked: string): string => figureName(name, asked, 'p50Alone');
    compare(`${name}: Galaxia's p50 over asking the subgraphs directly`, 'ms', [alone('Galaxia'), alone(directly)], more, { atMost: 1 });
    compare(`${name}: the relay's p50 over asking the subgraphs directly`, 'ms', [alone('relay'), alone(directly)], more, null);
  }
  return summary.figures();
}

/** Medians of everything, a table for each query. */
export function matrix(notebook: Notebook, names: readonly ContestantName[]): readonly string[] {
  const figures = new Map(notebook.figures().map((figure) => [figure.name, figure]));
  const keys = Object.keys(columns) as (keyof typeof columns)[];
  return queries.flatMap((query) => [
    `## ${query.name}`,
    '',
    '```graphql',
    query.query,
    '```',
    '',
    `| | ${keys.map((key) => `${columns[key].name}, ${columns[key].unit}`).join(' | ')} |`,
    `| --- |${keys.map(() => ' --- |').join('')}`,
    ...[...names, directly].map((asked) => {
      const cells = keys.map((key) => {
        const figure = figures.get(figureName(query.name, asked, key));
        return figure === undefined ? '–' : show(median(figure.rounds));
      });
      return `| ${asked} | ${cells.join(' | ')} |`;
    }),
    '',
  ]);
}
