import { expect, it } from '@jest/globals';
import { rootTypes } from './coordinates.js';
import { identifyingPathsOf } from './coverage.js';
import { askArguments, makeCell } from './entry.js';
import type { Cell, Stage } from './stage.js';
import type { RootEntry } from './table.js';
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

/** An id that nobody has is answered like a foreign one: never with a fault, and never as if it were somebody's. */
export function foreignIdTests(stageOf: () => Stage): void {
  it.each(rootTypes)(
    'SECURITY 46: %s takes anything for an id, and finds nobody by it',
    async (root) => {
      const fields = Object.entries(rootTable).filter(([coordinate]) => coordinate.startsWith(`${root}.`));
      const found: (readonly string[])[] = [];
      // One after the other: the owners of all of them at once would register faster than a slow machine hashes passwords.
      for (const [coordinate, entry] of fields) found.push(...(await tryOddities(stageOf(), coordinate, entry)));
      expect(found).toEqual([]);
    },
    60_000,
  );
}

/** Where an oddity was answered with a fault, or with something of the owner's: the argument, the oddity, and what was seen. */
async function tryOddities(stage: Stage, coordinate: string, entry: RootEntry): Promise<readonly (readonly string[])[]> {
  const paths = identifyingPathsOf(coordinate).filter((path) => !(path in (entry.untried ?? {})));
  if (paths.length === 0) return [];
  const cell = await makeCell(stage, entry.owner === 'the caller' ? 'owner' : 'stranger', entry);
  const given = (await entry.given?.(cell)) ?? {};
  const tried = paths.flatMap((path) => oddities(cell).map((oddity) => ({ path, oddity })));
  const answers = await Promise.all(
    tried.map(({ path, oddity }) => askArguments(cell, coordinate, entry, replaced(given, path.split('.'), oddity))),
  );
  return tried.flatMap(({ path, oddity }, index) => {
    const seen = answers[index]?.seen ?? [];
    const isWrong = ['INTERNAL_SERVER_ERROR', 'the owner', 'shown'].some((outcome) => seen.includes(outcome));
    return isWrong ? [[coordinate, path, oddity, ...seen]] : [];
  });
}

function replaced(value: unknown, [first, ...rest]: readonly string[], by: string): object {
  if (first === undefined) throw new Error('no path');
  const record = value as Record<string, unknown>;
  return { ...record, [first]: rest.length === 0 ? by : replaced(record[first], rest, by) };
}
