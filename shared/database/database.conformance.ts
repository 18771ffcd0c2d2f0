import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DriverAdapterError, type SqlDriverAdapter, type SqlQueryable } from '@prisma/driver-adapter-utils';
import type { Database } from './database.js';
import { createPlainSql } from './plain-sql.js';

/** What every `Database` must do. `open` opens a new, empty one; the suite closes it. */
export function describeDatabase(name: string, open: () => Promise<Database>): void {
  describe(name, () => {
    let folder: string;
    let database: Database;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'galaxia-migrations-'));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    /** A subgraph of that name with those migrations, written as files. */
    async function subgraph(of: string, migrations: Record<string, string>): Promise<{ name: string; folder: string }> {
      const migrationsFolder = await mkdtemp(join(folder, `${of}-`));
      for (const [migration, sql] of Object.entries(migrations)) {
        await mkdir(join(migrationsFolder, migration));
        await writeFile(join(migrationsFolder, migration, 'migration.sql'), sql);
      }
      return { name: of, folder: migrationsFolder };
    }

    describe('its migrations', () => {
      // One database for all tests, which takes seconds to make, and other names in each.
      let count = 0;
      let planets: string;
      let stars: string;
      beforeAll(async () => {
        database = await open();
      });
      afterAll(() => database.close());
      beforeEach(() => {
        count += 1;
        planets = `planets${String(count)}`;
        stars = `stars${String(count)}`;
      });

      const firstOf = (name: string, timestamp = '20260101000000') => ({
        [`${timestamp}_${name}_first`]: `CREATE SCHEMA ${name}; CREATE TABLE ${name}.body (id int PRIMARY KEY)`,
      });
      const withMoons = (sql = `CREATE TABLE ${planets}.moon (id int)`) => ({
        ...firstOf(planets),
        [`20260102000000_${planets}_moons`]: sql,
      });

      it('refuses one without its subgraph in its name, because all share one table of names', async () => {
        const misnamed = await subgraph(planets, { '20260101000000_first': 'SELECT 1' });
        await expect(database.migrate(misnamed)).rejects.toThrow(/20260101000000_first must be named <timestamp>_planets1_<what>/);
      });

      it('refuses a folder that is not there, instead of starting without tables', async () => {
        await expect(database.migrate({ name: planets, folder: join(folder, 'nowhere') })).rejects.toThrow(/nowhere/);
      });

      it('leaves nothing of a faulty one, nor of those in the same run before it', async () => {
        const faulty = withMoons(`CREATE TABLE ${planets}.moon (id int); CREATE TABLE oops (`);
        await expect(database.migrate(await subgraph(planets, faulty))).rejects.toThrow(/20260102000000_planets\d+_moons/);
        expect(await tables(database)).not.toContain(`${planets}.body`);
      });

      it('applies a migration that was faulty once it is put right', async () => {
        await expect(database.migrate(await subgraph(planets, withMoons('CREATE TABLE oops (')))).rejects.toThrow();
        expect(await database.migrate(await subgraph(planets, withMoons()))).toBe(2);
        expect(await tables(database)).toEqual(expect.arrayContaining([`${planets}.body`, `${planets}.moon`]));
      });

      it('apply once', async () => {
        expect(await database.migrate(await subgraph(planets, firstOf(planets)))).toBe(1);
        expect(await database.migrate(await subgraph(planets, firstOf(planets)))).toBe(0);
      });

      it('apply only what is new', async () => {
        await database.migrate(await subgraph(planets, firstOf(planets)));
        expect(await database.migrate(await subgraph(planets, withMoons()))).toBe(1);
        expect(await tables(database)).toContain(`${planets}.moon`);
      });

      it.each(['20250101000000', '20260101000000', '20270101000000'])(
        'apply to a database that holds another subgraph already, its own being from %s',
        async (timestamp) => {
          const [first, second] = [await subgraph(planets, firstOf(planets)), await subgraph(stars, firstOf(stars, timestamp))];
          expect(await database.migrate(first)).toBe(1);
          expect(await database.migrate(second)).toBe(1);
          expect(await database.migrate(first)).toBe(0);
          expect(await database.migrate(second)).toBe(0);
          expect(await tables(database)).toEqual(expect.arrayContaining([`${planets}.body`, `${stars}.body`]));
        },
      );

      it('apply once when several ask at the same time', async () => {
        const [one, other] = [await subgraph(planets, firstOf(planets)), await subgraph(stars, firstOf(stars))];
        const applied = await Promise.all([one, other, one, other, one, other].map((migrations) => database.migrate(migrations)));
        expect(applied.filter((number) => number > 0)).toEqual([1, 1]);
      });

      it('may hold semicolons inside a function, and quotes and comments', async () => {
        const sql = `CREATE SCHEMA ${planets}; -- it's; only a comment
          CREATE FUNCTION ${planets}.answer() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 42; END $$;
          COMMENT ON SCHEMA ${planets} IS 'a; b'`;
        await database.migrate(await subgraph(planets, { [`20260101000000_${planets}_first`]: sql }));
        expect(await rows(await database.adapter.connect(), `SELECT ${planets}.answer()`)).toEqual([[42]]);
      });
    });

    describe('its adapter', () => {
      let adapter: SqlDriverAdapter;

      beforeAll(async () => {
        database = await open();
        adapter = await database.adapter.connect();
        await run(adapter, 'CREATE TABLE item (id int CONSTRAINT item_key PRIMARY KEY)');
        await run(adapter, 'CREATE TABLE part (item int CONSTRAINT part_item_fkey REFERENCES item DEFERRABLE INITIALLY DEFERRED)');
      });
      afterAll(() => database.close());
      beforeEach(async () => {
        await run(adapter, 'TRUNCATE item, part');
      });

      it('names the constraint of a unique violation, alone and in a transaction', async () => {
        await run(adapter, 'INSERT INTO item VALUES (1)');
        const expected = { kind: 'UniqueConstraintViolation', constraint: { index: 'item_key' } };
        expect(await failure(run(adapter, 'INSERT INTO item VALUES (1)'))).toMatchObject(expected);
        const transaction = await adapter.startTransaction();
        expect(await failure(run(transaction, 'INSERT INTO item VALUES (1)'))).toMatchObject(expected);
        await end(transaction, 'ROLLBACK');
      });

      it('fails a commit that the database refuses, instead of losing what was written', async () => {
        const transaction = await adapter.startTransaction();
        await run(transaction, 'INSERT INTO part VALUES (404)');
        await expect(end(transaction, 'COMMIT')).rejects.toThrow(DriverAdapterError);
        expect(await rows(adapter, 'SELECT count(*)::int FROM part')).toEqual([[0]]);
      });

      it('keeps what is committed and forgets what is rolled back', async () => {
        const kept = await adapter.startTransaction();
        await run(kept, 'INSERT INTO item VALUES (1)');
        await end(kept, 'COMMIT');
        const forgotten = await adapter.startTransaction();
        await run(forgotten, 'INSERT INTO item VALUES (2)');
        await end(forgotten, 'ROLLBACK');
        expect(await rows(adapter, 'SELECT id FROM item')).toEqual([[1]]);
      });

      it('goes on after a transaction that failed half-way', async () => {
        const transaction = await adapter.startTransaction();
        await failure(run(transaction, 'SELECT 1 / 0'));
        await end(transaction, 'ROLLBACK');
        expect(await rows(adapter, 'SELECT 1')).toEqual([[1]]);
      });

      it('never shows to others what is not committed', async () => {
        const transaction = await adapter.startTransaction();
        await run(transaction, 'INSERT INTO item VALUES (1)');
        // On PGlite, others wait for the one connection; on Postgres they see the state before.
        const seen = rows(adapter, 'SELECT count(*)::int FROM item');
        await end(transaction, 'ROLLBACK');
        expect(await seen).toEqual([[0]]);
      });

      it('starts a transaction in the isolation level that was asked for', async () => {
        const transaction = await adapter.startTransaction('SERIALIZABLE');
        const level = await rows(transaction, `SELECT current_setting('transaction_isolation')`);
        await end(transaction, 'ROLLBACK');
        expect(level).toEqual([['serializable']]);
      });

      it('lets timers have their turn while it is asked one thing after another', async () => {
        const over = AbortSignal.timeout(20);
        while (!over.aborted) await rows(adapter, 'SELECT 1');
        expect(over.aborted).toBe(true);
      });

      it('goes back to a savepoint', async () => {
        const transaction = await adapter.startTransaction();
        await run(transaction, 'INSERT INTO item VALUES (1)');
        await transaction.createSavepoint?.('before');
        await run(transaction, 'INSERT INTO item VALUES (2)');
        await transaction.rollbackToSavepoint?.('before');
        await end(transaction, 'COMMIT');
        expect(await rows(adapter, 'SELECT id FROM item')).toEqual([[1]]);
      });

      it('answers times in UTC, whatever the time zone of the machine and the server', async () => {
        const at = '2026-03-29T01:30:00.123Z';
        const query = {
          sql: 'SELECT $1::timestamptz(3), extract(epoch FROM $1::timestamptz)::float8',
          args: [at],
          argTypes: [{ scalarType: 'datetime', arity: 'scalar' } as const],
        };
        const [row] = (await adapter.queryRaw(query)).rows;
        expect([new Date(String(row?.[0])).toISOString(), row?.[1]]).toEqual([at, Date.parse(at) / 1000]);
      });

      it('answers JSON, large numbers, bytes and lists as Prisma expects them', async () => {
        const sql = `SELECT '{"a": [1, "x"]}'::jsonb, 9007199254740993::int8, '\\x00ff'::bytea, ARRAY['a,b', '"c"']::text[], 1.10::numeric`;
        const [row] = await rows(adapter, sql);
        const [json, large, bytes, list, decimal] = row ?? [];
        expect(JSON.parse(String(json))).toEqual({ a: [1, 'x'] });
        expect([large, list, decimal]).toEqual(['9007199254740993', ['a,b', '"c"'], '1.10']);
        expect(bytes instanceof Uint8Array ? [...bytes] : bytes).toEqual([0, 255]);
      });
    });

    describe('past Prisma, its plain statements', () => {
      beforeAll(async () => {
        database = await open();
        await createPlainSql(database).$executeRawUnsafe('CREATE TABLE body (id int PRIMARY KEY, name text)');
      });
      afterAll(() => database.close());

      it('answer rows by name, with times, JSON, lists and large numbers as the client has them', async () => {
        const sql = `SELECT $1::text AS text, $2::int AS number, $3::boolean AS yes, $4::timestamptz AS time, $5::jsonb AS json,
          ARRAY['a,b', 'c'] AS list, 9007199254740993::int8 AS large, NULL::timestamptz AS never, $6::uuid AS id`;
        const [at, id] = ['2026-11-21T01:02:03.004Z', '0190a5c8-0000-7000-8000-000000000000'];
        const found = await createPlainSql(database).$queryRawUnsafe(sql, "it's", 7, true, at, '{"a": [1]}', id);
        const row = { text: "it's", number: 7, yes: true, time: new Date(at), json: { a: [1] }, list: ['a,b', 'c'], never: null, id };
        expect(found).toEqual([{ ...row, large: 9007199254740993n }]);
      });

      it('answer how many rows they changed, and again when the same one is repeated', async () => {
        const sql = createPlainSql(database);
        const insert = 'INSERT INTO body (id, name) VALUES ($1::int, $2) ON CONFLICT DO NOTHING';
        const changed = [];
        for (const id of [1, 2, 2, 3]) changed.push(await sql.$executeRawUnsafe(insert, id, null));
        expect(changed).toEqual([1, 1, 0, 1]);
        await expect(sql.$queryRawUnsafe('SELECT id, name FROM body WHERE id > $1::int', 2)).resolves.toEqual([{ id: 3, name: null }]);
      });

      it('fail with what the database says, and go on', async () => {
        const sql = createPlainSql(database);
        const twice = 'INSERT INTO body (id) VALUES (99), (99)';
        for (let time = 0; time < 2; time += 1) {
          expect(await failure(Promise.resolve(sql.$executeRawUnsafe(twice)))).toMatchObject({ kind: 'UniqueConstraintViolation' });
        }
        await expect(sql.$queryRawUnsafe('SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
      });

      it('see nothing of a transaction that is open, and wait for it where there is one connection', async () => {
        const transaction = await (await database.adapter.connect()).startTransaction();
        await run(transaction, `INSERT INTO body (id, name) VALUES (50, 'open')`);
        const seen = createPlainSql(database).$queryRawUnsafe('SELECT id FROM body WHERE id = 50');
        if (database.isExclusive) await end(transaction, 'ROLLBACK');
        await expect(seen).resolves.toEqual([]);
        if (!database.isExclusive) await end(transaction, 'ROLLBACK');
      });
    });

    it('answers a ping until it is closed', async () => {
      const opened = await open();
      await opened.ping();
      await opened.close();
      await expect(opened.ping()).rejects.toThrow();
    });
  });
}

async function run(queryable: SqlQueryable, sql: string): Promise<number> {
  return queryable.executeRaw({ sql, args: [], argTypes: [] });
}

async function rows(queryable: SqlQueryable, sql: string): Promise<unknown[][]> {
  return (await queryable.queryRaw({ sql, args: [], argTypes: [] })).rows;
}

async function tables(database: Database): Promise<unknown[]> {
  const adapter = await database.adapter.connect();
  return (await rows(adapter, `SELECT schemaname || '.' || tablename FROM pg_tables`)).flat();
}

/** As Prisma ends a transaction: with a statement of its own where the adapter asks for one. */
async function end(transaction: Awaited<ReturnType<SqlDriverAdapter['startTransaction']>>, how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
  try {
    if (!transaction.options.usePhantomQuery) await run(transaction, how);
  } finally {
    await (how === 'COMMIT' ? transaction.commit() : transaction.rollback());
  }
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error instanceof DriverAdapterError || (error instanceof Error && error.name === 'DriverAdapterError') ? error.cause : error;
  }
  throw new Error('nothing failed');
}
