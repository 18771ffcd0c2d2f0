/** Processes of a measurement: which core they have, and when they can be asked. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { compiled } from '../compiled.js';

/** Where a process may run: alone on the last core, on all others, or anywhere. */
export type Cores = 'own' | 'others';

export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;

export interface Running {
  readonly name: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const root = resolve(import.meta.dirname, '..', '..');

/** Starts `node <args>`. The arguments and the environment are all that it is given. */
export function startNode(name: string, args: readonly string[], environment: Readonly<Record<string, string>>, cores: Cores): Running {
  const last = availableParallelism() - 1;
  const pin = canPin ? ['taskset', '-c', cores === 'own' ? String(last) : `0-${last - 1}`] : [];
  const [command = process.execPath, ...rest] = [...pin, process.execPath, ...args];
  const child: ChildProcess = spawn(command, rest, {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', NODE_ENV: 'production', ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let printed = '';
  let isStopping = false;
  child.stderr?.on('data', (chunk: Buffer) => (printed = (printed + chunk.toString()).slice(-4_000)));
  child.once('exit', (status, signal) => {
    if (isStopping) return;
    console.error(`${name} ended with ${String(status ?? signal)}:\n${printed}`);
    process.exit(1);
  });
  return {
    name,
    pid: child.pid ?? 0,
    async stop() {
      isStopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const killed = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await once(child, 'exit');
      clearTimeout(killed);
    },
  };
}

/** `node <file of this folder>`, compiled. */
export function startScript(
  file: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  cores: Cores,
  nodeOptions: readonly string[] = [],
): Running {
  return startNode(file, [...nodeOptions, compiled(join(import.meta.dirname, file)), ...args], environment, cores);
}

/** Leaves the core of the contestants to them. */
export function leaveOwnCore(): void {
  if (canPin) spawnSync('taskset', ['-a', '-p', '-c', `0-${availableParallelism() - 2}`, String(process.pid)]);
}

/** Waits until `isReady` holds; rejects after a minute. */
export async function untilReady(name: string, isReady: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await isReady().catch(() => false))) {
    if (Date.now() > end) throw new Error(`${name} was not ready in a minute`);
    await wait(50);
  }
}
