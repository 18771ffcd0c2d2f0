import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

/** What tells one run of a process from every other: its id alone is given away again, after a restart of a container at once. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the words of its system; null where the system does not say. Compare for equality only. */
  readonly startedAt: string | null;
  /** Which start of the machine, and which process namespace (container) the two above are about. Null where there is no such thing. */
  readonly boot: string | null;
  readonly namespace: string | null;
}

export async function ownIdentity(): Promise<ProcessIdentity> {
  return {
    pid: process.pid,
    startedAt: await startOf(process.pid).then((start) => (start.kind === 'running' ? start.at : null)),
    boot: await readFile(inProc('sys', 'kernel', 'random', 'boot_id'), 'utf8').then((text) => text.trim(), nothing),
    namespace: await readlink(inProc('self', 'ns', 'pid')).catch(nothing),
  };
}

/**
 * Whether that very process still runs; `unseen` when it belongs to another container, whose processes cannot be seen from here. A dead
 * process that its parent has not collected yet counts as gone: it holds no file any more.
 */
export async function lookUp(other: ProcessIdentity): Promise<'running' | 'gone' | 'unseen'> {
  const own = await ownIdentity();
  if (other.boot !== own.boot) return 'gone';
  if (other.namespace !== own.namespace) return 'unseen';
  const start = await startOf(other.pid);
  return start.kind === 'running' && (start.at === null || other.startedAt === null || start.at === other.startedAt) ? 'running' : 'gone';
}

type Start = { kind: 'running'; at: string | null } | { kind: 'gone' };

async function startOf(pid: number): Promise<Start> {
  if (process.platform === 'linux') return startOnLinux(pid);
  if (process.platform === 'win32') return { kind: isSignallable(pid) ? 'running' : 'gone', at: null };
  const listed = await promisify(execFile)('ps', ['-o', 'lstart=,state=', '-p', String(pid)], {
    env: { LC_ALL: 'C', TZ: 'UTC' },
  }).catch(nothing);
  const [, at, state] = /^(.+)\s+(\S+)$/.exec(listed?.stdout.trim() ?? '') ?? [];
  return at === undefined || state?.startsWith('Z') === true ? { kind: 'gone' } : { kind: 'running', at };
}

async function startOnLinux(pid: number): Promise<Start> {
  const stat = await readFile(inProc(String(pid), 'stat'), 'utf8').catch(nothing);
  // proc(5): the second field is the name in parentheses and may hold anything; the third is the state, the 22nd the start.
  const [state, ...rest] = (stat ?? '').slice((stat ?? '').lastIndexOf(')') + 2).split(' ');
  const at = rest[18];
  return at === undefined || state === 'Z' || state === 'X' ? { kind: 'gone' } : { kind: 'running', at };
}

function isSignallable(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EPERM';
  }
}

function inProc(...names: string[]): string {
  return ['', 'proc', ...names].join('/');
}

function nothing(): null {
  return null;
}
