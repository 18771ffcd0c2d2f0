import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openEmbedded } from '../embedded/embedded.js';
import { runMigrationCommand, usage } from './migration-command.js';
import { openMigrationDiff, type MigrationDiff } from './migration-diff.js';

const now = () => Date.parse('2026-11-20T23:59:07.500Z');

let root: string;
// One for all tests: a database in memory takes seconds to make.
let diff: MigrationDiff;

beforeAll(async () => {
  diff = await openMigrationDiff();
});
afterAll(() => diff.close());
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'galaxia-command-'));
  await writeSchema('planets', 'name String');
  await mkdir(join(root, 'subgraphs', 'without-database'), { recursive: true });
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function writeSchema(name: string, fields: string): Promise<void> {
  await mkdir(join(root, 'subgraphs', name, 'prisma'), { recursive: true });
  const model = `model Body {\n  id Int @id\n  ${fields}\n\n  @@map("body")\n  @@schema("${name}")\n}\n`;
  const schema = `datasource db {\n  provider = "postgresql"\n  schemas = ["${name}"]\n}\n\n${model}`;
  await writeFile(join(root, 'subgraphs', name, 'prisma', 'schema.prisma'), schema);
}

function run(...args: string[]) {
  const openDiff = () => Promise.resolve({ ...diff, close: () => Promise.resolve() });
  return runMigrationCommand({ arguments: args, root, now, openDiff });
}

const migrationsOf = (name: string) => join(root, 'subgraphs', name, 'prisma', 'migrations');

describe('npm run migration', () => {
  it.each([
    ['nothing at all', []],
    ['no name', ['planets']],
    ['too much', ['planets', 'add', 'moons']],
    ['an option that it does not know', ['--force']],
    ['a name with a capital', ['planets', 'AddMoons']],
    ['a name that leaves the folder', ['planets', '../../etc']],
    ['a name of 61 letters', ['planets', 'a'.repeat(61)]],
    ['a subgraph to check', ['planets', '--check']],
  ])('explains itself when given %s', async (_, args) => {
    const { status, output } = await run(...args);
    expect(status).toBe(2);
    expect(output).toContain(usage);
  });

  it.each(['moons', 'without-database', '..'])('names the subgraphs when there is no %s', async (name) => {
    expect(await run(name, 'first')).toEqual({
      status: 2,
      output: `There is no subgraph "${name}". The subgraphs with a database: planets.`,
    });
  });

  it('prints how it is used', async () => {
    expect(await run('--help')).toEqual({ status: 0, output: usage });
  });

  it('says where a schema.prisma is wrong, and writes nothing', async () => {
    await writeSchema('planets', 'name Strng');
    const { status, output } = await run('planets', 'first');
    expect(status).toBe(1);
    expect(output).toContain('Type "Strng" is neither a built-in type');
    await expect(readdir(migrationsOf('planets'))).rejects.toThrow();
  });

  it('says which migration does not apply', async () => {
    await mkdir(join(migrationsOf('planets'), '20260101000000_planets_wrong'), { recursive: true });
    await writeFile(join(migrationsOf('planets'), '20260101000000_planets_wrong', 'migration.sql'), 'CREATE TABLE oops (');
    const { status, output } = await run('planets', 'next');
    expect(status).toBe(1);
    expect(output).toMatch(/^planets: Migration `20260101000000_planets_wrong` failed to apply/);
    expect(output).not.toContain('engine.rs');
  });

  it('writes the first migration and the next, each named by UTC time, subgraph and purpose, that a database can apply', async () => {
    expect(await run('planets', 'a'.repeat(60))).toMatchObject({ status: 0 });
    await rm(migrationsOf('planets'), { recursive: true });
    expect(await run('planets', 'first')).toEqual({
      status: 0,
      output: `Written: ${join('subgraphs', 'planets', 'prisma', 'migrations', '20261120235907_planets_first', 'migration.sql')}`,
    });
    await writeSchema('planets', 'name String\n  mass Float?');
    await run('planets', 'second');
    expect(await readdir(migrationsOf('planets'))).toEqual(['20261120235907_planets_first', '20261120235908_planets_second']);
    const second = await readFile(join(migrationsOf('planets'), '20261120235908_planets_second', 'migration.sql'), 'utf8');
    expect(second).toMatch(/ALTER TABLE "planets"."body" ADD COLUMN +"mass" DOUBLE PRECISION;/);

    const database = await openEmbedded('memory://');
    expect(await database.migrate({ name: 'planets', folder: migrationsOf('planets') })).toBe(2);
    await database.close();
  });

  it('says so when there is nothing to change', async () => {
    await run('planets', 'first');
    const { status, output } = await run('planets', 'second');
    expect(status).toBe(1);
    expect(output).toMatch(/^Nothing to change/);
    expect(await readdir(migrationsOf('planets'))).toHaveLength(1);
  });

  it('checks that every schema.prisma has its migrations', async () => {
    await writeSchema('stars', 'name String');
    await run('planets', 'first');
    const before = await run('--check');
    expect(before.status).toBe(1);
    expect(before.output).toContain(join('subgraphs', 'stars', 'prisma', 'schema.prisma'));
    expect(before.output).not.toContain(join('subgraphs', 'planets'));
    await run('stars', 'first');
    expect(await run('--check')).toMatchObject({ status: 0 });
  });
});
