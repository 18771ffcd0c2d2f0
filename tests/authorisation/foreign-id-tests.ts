import { expect, it } from '@jest/globals';
import { identifyingPathsOf } from './coverage.js';
import { askArguments, makeCell } from './entry.js';
import type { Cell, Stage } from './stage.js';
import { rootTable } from './tables.js';

/** What clients send where an id or a name belongs, by mistake or to see what happens. */
const oddities = ({ owner }: Cell): readonly string[] => [
  '',
  ' ',
  '0',
  'null',
  '__proto__',
  'constructor',
  "' OR 1=1 --",
  '00000000-0000-0000-0000-000000000000',
  ` ${owner.id} `,
  `${owner.id}\u0000`,
  '\ud800',
  '💥'.repeat(50),
  'a'.repeat(5_000),
];

const fields = Object.entries(rootTable).filter(([coordinate]) => identifyingPathsOf(coordinate).length > 0);

/** An id that nobody has is answered like a foreign one: never with a fault, and never as if it were somebody's. */
export function foreignIdTests(stageOf: () => Stage): void {
  it.each(fields)('SECURITY 46: %s takes anything for an id, and finds nobody by it', async (coordinate, entry) => {
    const cell = await makeCell(stageOf(), entry.owner === 'the caller' ? 'owner' : 'stranger', entry);
    const given = (await entry.given?.(cell)) ?? {};
    const tried = identifyingPathsOf(coordinate)
      .filter((path) => !(path in (entry.untried ?? {})))
      .flatMap((path) => oddities(cell).map((oddity) => ({ path, oddity, given: replaced(given, path.split('.'), oddity) })));
    const answers = await Promise.all(
      tried.map(async (each) => ({ ...each, ...(await askArguments(cell, coordinate, entry, each.given)) })),
    );
    const found = answers.filter(
      ({ seen }) => seen.includes('INTERNAL_SERVER_ERROR') || seen.includes('the owner') || seen.includes('shown'),
    );
    expect(found.map(({ path, oddity, seen }) => [path, oddity, ...seen])).toEqual([]);
  });
}

function replaced(value: unknown, [first, ...rest]: readonly string[], by: string): object {
  if (first === undefined) throw new Error('no path');
  const record = value as Record<string, unknown>;
  return { ...record, [first]: rest.length === 0 ? by : replaced(record[first], rest, by) };
}
