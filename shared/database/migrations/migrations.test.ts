import { describe, expect, it } from '@jest/globals';
import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import { applyMigrations, migrationList } from './migrations.js';

const wanted = migrationList('nowhere', [
  { name: 'first', sql: 'SELECT 1' },
  { name: 'second', sql: 'SELECT 2' },
]);

/** Applies them to a database that has recorded `rows`; answers whether the engine was asked. */
async function asksEngine(rows: [name: string, state: string][]): Promise<boolean> {
  let isAsked = false;
  const connection = {
    executeScript: () => Promise.resolve(),
    queryRaw: () => Promise.resolve({ columnNames: [], columnTypes: [], rows }),
  } satisfies Partial<SqlDriverAdapter>;
  await applyMigrations(connection as Partial<SqlDriverAdapter> as SqlDriverAdapter, wanted, () => {
    isAsked = true;
    return Promise.resolve({ applyMigrations: () => Promise.resolve({ appliedMigrationNames: [] }), free: () => undefined });
  });
  return isAsked;
}

describe('The engine for migrations, which is dear to start', () => {
  it.each<[what: string, rows: [string, string][]]>([
    ['nothing is recorded', []],
    ['one is missing', [['first', 'applied']]],
    [
      'one has failed',
      [
        ['first', 'applied'],
        ['second', 'failed'],
      ],
    ],
    [
      'somebody else’s has failed',
      [
        ['first', 'applied'],
        ['second', 'applied'],
        ['other', 'failed'],
      ],
    ],
  ])('is asked when %s', async (_what, rows) => {
    expect(await asksEngine(rows)).toBe(true);
  });

  it('is left alone when all are applied, whoever has more', async () => {
    expect(
      await asksEngine([
        ['first', 'applied'],
        ['second', 'applied'],
        ['other', 'applied'],
      ]),
    ).toBe(false);
  });
});
