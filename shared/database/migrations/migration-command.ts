import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { openMigrationDiff, type MigrationDiff } from './migration-diff.js';

export const usage = `Writes the next migration of a subgraph: the SQL that leads from its migrations to its schema.prisma.
No database needs to run. Read the file before you commit it; you may add to it (data to move, indexes that Prisma cannot express).

  npm run migration -- <subgraph> <name>    e.g. npm run migration -- auth add_totp
  npm run migration -- --check              fails when a subgraph's schema.prisma has changes without a migration
  npm run migration -- --help`;

/** What the command line says, and with which status the process ends: 0 done, 1 refused, 2 wrong usage. */
export interface CommandResult {
  readonly status: 0 | 1 | 2;
  readonly output: string;
}

export interface CommandOptions {
  readonly arguments: string[];
  /** The folder above `subgraphs/`. */
  readonly root: string;
  /** For the timestamp in a migration's name. */
  readonly now?: () => number;
  readonly openDiff?: () => Promise<MigrationDiff>;
}

/** `npm run migration`. */
export async function runMigrationCommand(options: CommandOptions): Promise<CommandResult> {
  const parsed = parse(options.arguments);
  if (parsed.kind === 'help') return { status: 0, output: usage };
  if (parsed.kind === 'wrong') return { status: 2, output: `${parsed.problem}\n\n${usage}` };
  const subgraphs = await findSubgraphs(options.root);
  if (parsed.kind === 'check') return check(subgraphs, options);
  const subgraph = subgraphs.find(({ name }) => name === parsed.subgraph);
  if (subgraph === undefined) {
    const names = subgraphs.map(({ name }) => name).join(', ');
    return { status: 2, output: `There is no subgraph "${parsed.subgraph}". The subgraphs with a database: ${names}.` };
  }
  return write(subgraph, parsed.name, options);
}

type Parsed = { kind: 'help' } | { kind: 'check' } | { kind: 'write'; subgraph: string; name: string } | { kind: 'wrong'; problem: string };

function parse(args: string[]): Parsed {
  let parsed;
  try {
    parsed = parseArgs({ args, allowPositionals: true, options: { help: { type: 'boolean', short: 'h' }, check: { type: 'boolean' } } });
  } catch (error) {
    return { kind: 'wrong', problem: error instanceof Error ? error.message : String(error) };
  }
  const { values, positionals } = parsed;
  if (values.help === true) return { kind: 'help' };
  if (values.check === true) {
    return positionals.length === 0 ? { kind: 'check' } : { kind: 'wrong', problem: '--check takes no subgraph: it checks all.' };
  }
  const [subgraph, name, ...rest] = positionals;
  if (subgraph === undefined || name === undefined || rest.length > 0) {
    return { kind: 'wrong', problem: 'Say which subgraph, and what the migration does in one_word_or_more.' };
  }
  if (!/^[a-z][a-z0-9_]{0,59}$/.test(name)) {
    return { kind: 'wrong', problem: `"${name}" cannot name a migration: up to 60 small letters, digits and _, a letter first.` };
  }
  return { kind: 'write', subgraph, name };
}

interface Subgraph {
  readonly name: string;
  readonly folder: string;
  readonly schema: string;
}

async function findSubgraphs(root: string): Promise<Subgraph[]> {
  const entries = await readdir(join(root, 'subgraphs'), { withFileTypes: true });
  const names = entries.map(({ name }) => name).sort();
  const found = await Promise.all(
    names.map(async (name) => {
      const file = join(root, 'subgraphs', name, 'prisma', 'schema.prisma');
      if (!existsSync(file)) return [];
      return [{ name, folder: join(root, 'subgraphs', name, 'prisma', 'migrations'), schema: await readFile(file, 'utf8') }];
    }),
  );
  return found.flat();
}

async function write(subgraph: Subgraph, name: string, options: CommandOptions): Promise<CommandResult> {
  const [found] = await differences([subgraph], options);
  if (found?.kind === 'faulty') return { status: 1, output: found.problem };
  if (found?.kind !== 'changed')
    return { status: 1, output: `Nothing to change: the migrations of ${subgraph.name} already make its schema.prisma.` };
  const timestamp = await nextTimestamp(subgraph, options.now ?? Date.now);
  const folder = join(subgraph.folder, `${timestamp}_${subgraph.name}_${name}`);
  const file = join(folder, 'migration.sql');
  await mkdir(folder, { recursive: true });
  await writeFile(file, found.sql, { flag: 'wx' });
  return { status: 0, output: `Written: ${relative(options.root, file)}` };
}

/** UTC, to the second. Migrations apply in the order of their names, so after the last one, whatever the clock of its writer said. */
async function nextTimestamp({ folder }: Subgraph, now: () => number): Promise<string> {
  const last = existsSync(folder) ? (await readdir(folder)).sort().at(-1) : undefined;
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)_/.exec(last ?? '') ?? [];
  const earliest = year === undefined ? 0 : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) + 1000;
  return new Date(Math.max(now(), earliest)).toISOString().replace(/[-T:]/g, '').slice(0, 14);
}

async function check(subgraphs: readonly Subgraph[], options: CommandOptions): Promise<CommandResult> {
  const problems = (await differences(subgraphs, options)).flatMap((difference) => {
    switch (difference.kind) {
      case 'same':
        return [];
      case 'faulty':
        return [difference.problem];
      case 'changed': {
        const schema = relative(options.root, join(difference.subgraph.folder, '..', 'schema.prisma'));
        return [`${schema} has changes without a migration (npm run migration -- ${difference.subgraph.name} <name>):\n${difference.sql}`];
      }
    }
  });
  return problems.length === 0
    ? { status: 0, output: 'Every schema.prisma has its migrations.' }
    : { status: 1, output: problems.join('\n') };
}

type Difference = { subgraph: Subgraph } & ({ kind: 'same' } | { kind: 'changed'; sql: string } | { kind: 'faulty'; problem: string });

async function differences(subgraphs: readonly Subgraph[], { openDiff = openMigrationDiff }: CommandOptions): Promise<Difference[]> {
  const diff = await openDiff();
  try {
    const found: Difference[] = [];
    for (const subgraph of subgraphs) found.push({ subgraph, ...(await tryDiff(subgraph)) });
    return found;
  } finally {
    await diff.close();
  }

  async function tryDiff(subgraph: Subgraph) {
    try {
      const sql = await diff.of(subgraph);
      return sql === null ? ({ kind: 'same' } as const) : ({ kind: 'changed', sql } as const);
    } catch (error) {
      // The engine appends its own stack, in Rust.
      const reason = (error instanceof Error ? error.message : String(error)).replace(/\n\s*0: [\s\S]*$/, '');
      return { kind: 'faulty', problem: `${subgraph.name}: ${reason}` } as const;
    }
  }
}
