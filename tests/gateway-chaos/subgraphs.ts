import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../../shared/config/project-root.js';
import type { Mode, Name } from './schemas.js';

/** A subgraph in a process of its own, which can be made to fail in every way. */
export interface ChaosSubgraph {
  readonly name: Name;
  answer(mode: Mode): void;
  /** Like a machine that is there and does not turn. */
  hang(): void;
  goOn(): void;
  kill(): Promise<void>;
  /** Resolves when it listens. After `kill`. */
  start(): Promise<void>;
}

export async function startChaosSubgraph(name: Name, port: number, ledger: string): Promise<ChaosSubgraph> {
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'subgraph-child.ts'), name, String(port), ledger], {
      cwd: projectRoot,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(child, 'message');
  }

  await start();
  return {
    name,
    answer: (mode) => void child?.send(mode),
    hang: () => void child?.kill('SIGSTOP'),
    goOn: () => void child?.kill('SIGCONT'),
    async kill() {
      if (child === undefined) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      child = undefined;
    },
    start,
  };
}
