import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, sep } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from './free-ports.js';

export interface TestPostgres {
  /** Its database `postgres`, as a superuser. */
  readonly url: string;
  /** A new, empty database; answers its URL. */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

/** A fresh PostgreSQL server on a free port of this machine, with nothing kept after `stop`; null when none is installed. */
export async function startPostgres(): Promise<TestPostgres | null> {
  const files = await layOut();
  if (files === null) return null;
  const server = await startServer(files);
  let databases = 0;
  return {
    url: postgresUrl(server.port, 'postgres'),
    async createDatabase() {
      databases += 1;
      const name = `test_${String(databases)}`;
      await query(postgresUrl(server.port, 'postgres'), `CREATE DATABASE ${name}`);
      return postgresUrl(server.port, name);
    },
    async stop() {
      await server.stop();
      await rm(files.parent, { recursive: true, force: true });
    },
  };
}

/** The files of a server with no tables, owned by the user that it runs as. */
export interface ServerFiles {
  /** A folder for the server alone. */
  readonly parent: string;
  readonly executable: string;
  readonly user: User | null;
}

/** Null when no PostgreSQL is installed. */
export async function layOut(): Promise<ServerFiles | null> {
  const binaries = await findBinaries();
  if (binaries === null) return null;
  const user = await unprivilegedUser();
  const parent = await mkdtemp(join(tmpdir(), 'galaxia-postgres-'));
  if (user !== null) await chown(parent, user.uid, user.gid);
  await run(
    join(binaries, 'initdb'),
    ['-D', join(parent, 'data'), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'],
    { ...user, cwd: parent },
  );
  return { parent, executable: join(binaries, 'postgres'), user };
}

export function postgresUrl(port: number, database: string): string {
  return `postgresql://postgres@127.0.0.1:${String(port)}/${database}`;
}

const run = promisify(execFile);

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** With a `command` it is started by that one, which is given the executable and its arguments, and outlives this process. */
export async function startServer(files: ServerFiles, command?: readonly [string, ...string[]]) {
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [first, ...rest] = [...(command ?? []), files.executable, '-D', join(files.parent, 'data'), '-p', String(port), ...flags] as const;
  const log = await open(join(files.parent, 'log'), 'w');
  const child = spawn(first, rest, {
    ...files.user,
    cwd: files.parent,
    detached: command !== undefined,
    stdio: ['ignore', 'ignore', log.fd],
  });
  await log.close();
  if (command !== undefined) child.unref();
  let failure: Error | undefined;
  child.on('error', (error) => (failure = error));
  const hasEnded = () => failure !== undefined || child.exitCode !== null || child.signalCode !== null;
  const url = postgresUrl(port, 'postgres');
  const deadline = Date.now() + 30_000;
  for (;;) {
    const answered = await query(url, 'SELECT 1').then(
      () => true,
      () => false,
    );
    if (answered) break;
    if (hasEnded() || Date.now() > deadline) {
      child.kill('SIGQUIT');
      const printed = await readFile(join(files.parent, 'log'), 'utf8');
      throw new Error(`PostgreSQL did not start: ${failure?.message ?? ''}\n${printed}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    port,
    async stop() {
      if (hasEnded()) return;
      const exited = once(child, 'exit');
      // Immediate: nothing is kept, so nothing needs to be written down.
      child.kill('SIGQUIT');
      await exited;
    },
  };
}

export async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  // A server that goes away says so to idle clients; whoever waits for an answer hears it from the query.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** PostgreSQL refuses to run as root. */
async function unprivilegedUser(): Promise<User | null> {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    const ids = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, name]))).catch(() => null);
    const [uid, gid] = ids ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error('PostgreSQL does not run as root, and there is no user to run it as');
}

/** The folder with `initdb` and `postgres`, which Debian keeps out of the PATH; null when there is none. */
async function findBinaries(): Promise<string | null> {
  const ofDebian = join(sep, 'usr', 'lib', 'postgresql');
  const versions = existsSync(ofDebian) ? await readdir(ofDebian) : [];
  const configured = await run('pg_config', ['--bindir']).then(
    ({ stdout }) => [stdout.trim()],
    () => [],
  );
  const candidates = [
    ...configured,
    ...versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(ofDebian, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  return candidates.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name)))) ?? null;
}
