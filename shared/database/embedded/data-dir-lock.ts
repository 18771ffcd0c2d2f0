import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { lookUp, ownIdentity } from './process-identity.js';

export interface DataDirLock {
  release(): Promise<void>;
}

/** Another process works on this folder. Its message is for the person who started this one. */
export class DataDirInUseError extends Error {
  override readonly name = 'DataDirInUseError';
  readonly pid: number;

  constructor(folder: string, pid: number) {
    super(`The data folder ${folder} is in use by process ${String(pid)}. Stop that process first, or set DATA_DIR to another folder.`);
    this.pid = pid;
  }
}

/**
 * Makes this process the only one that works on `folder` (made when missing), until `release` or its end. Throws `DataDirInUseError`
 * when another one does. What a killed process left behind is taken over at once; of several that try, one succeeds.
 *
 * The lock is the highest number among the files in `folder/lock`. To take a lock that is free or whose holder is gone, a process makes
 * the file with the next number, which the file system lets only one do. Since no number is used twice while a higher one exists, a slow
 * process cannot remove or repeat a lock that it has judged out of date: it finds a higher one and steps back.
 */
export async function lockDataDir(folder: string): Promise<DataDirLock> {
  const locks = join(folder, 'lock');
  await mkdir(locks, { recursive: true, mode: 0o700 });
  const id = randomUUID();
  const draft = join(locks, `${id}.draft`);
  const server = await listen(join(locks, `${id}.socket`));
  const own: Holder = { kind: 'held', ...(await ownIdentity()), socket: server === null ? null : `${id}.socket` };
  await writeFile(draft, JSON.stringify(own), { mode: 0o600 });
  try {
    const number = await take(folder, locks, draft);
    await clean(locks, { number, id });
    return {
      async release() {
        await writeFile(draft, JSON.stringify({ kind: 'free' } satisfies Entry), { mode: 0o600 });
        await rename(draft, join(locks, String(number)));
        await stopListening(server);
      },
    };
  } catch (error) {
    await stopListening(server);
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

const holder = z.object({
  kind: z.literal('held'),
  pid: z.number(),
  startedAt: z.string().nullable(),
  boot: z.string().nullable(),
  namespace: z.string().nullable(),
  /** The name of a socket in the same folder that the holder listens on, where the file system has such. */
  socket: z.string().nullable(),
});
const entry = z.discriminatedUnion('kind', [holder, z.object({ kind: z.literal('free') })]);
type Holder = z.infer<typeof holder>;
type Entry = z.infer<typeof entry>;

async function take(folder: string, locks: string, draft: string): Promise<number> {
  for (;;) {
    const highest = await highestOf(locks);
    if (highest > 0) {
      const current = await readEntry(join(locks, String(highest)));
      if (current === 'missing') continue;
      if (current.kind === 'held' && (await isHeld(current, locks))) throw new DataDirInUseError(folder, current.pid);
    }
    const number = highest + 1;
    const file = join(locks, String(number));
    try {
      await link(draft, file);
    } catch (error) {
      if (hasCode(error, 'EEXIST')) continue;
      throw error;
    }
    if ((await highestOf(locks)) === number) return number;
    await rm(file, { force: true });
  }
}

/** Throws when the file cannot be understood: it may be the lock of a newer version that runs. */
async function readEntry(file: string): Promise<Entry | 'missing'> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  });
  if (text === null) return 'missing';
  // A lock is complete before it has its name; only a power failure empties it, which its holder did not outlive.
  if (text === '') return { kind: 'free' };
  try {
    return entry.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`The lock ${file} cannot be read. If no other process uses this folder, delete it.`, { cause: error });
  }
}

async function isHeld(current: Holder, locks: string): Promise<boolean> {
  switch (await lookUp(current)) {
    case 'running':
      return true;
    case 'gone':
      return false;
    case 'unseen':
      // In another container on the same volume, a process is seen only by the socket that it listens on, which its end closes.
      return current.socket !== null && (await answers(join(locks, current.socket)));
  }
}

async function highestOf(locks: string): Promise<number> {
  return Math.max(0, ...(await readdir(locks)).map(numberOf));
}

function numberOf(name: string): number {
  return /^\d{1,15}$/.test(name) ? Number(name) : 0;
}

/** Takes away what earlier holders left. The lock before this one stays: a listing that runs right now must not miss both. */
async function clean(locks: string, own: { number: number; id: string }): Promise<void> {
  const previous = await readEntry(join(locks, String(own.number - 1)));
  const stale = (await readdir(locks)).filter((name) => {
    const number = numberOf(name);
    if (number > 0) return number < own.number - 1;
    return previous !== 'missing' && previous.kind === 'held' && name === previous.socket;
  });
  await Promise.all(stale.map((name) => rm(join(locks, name), { force: true })));
}

/** Null where the file system has no sockets, or the path is too long for one. */
async function listen(path: string): Promise<Server | null> {
  const server = createServer((socket) => socket.destroy());
  const isListening = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(path, () => resolve(true));
  });
  if (!isListening) return null;
  return server.unref();
}

async function stopListening(server: Server | null): Promise<void> {
  if (server !== null) await new Promise((resolve) => server.close(resolve));
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
