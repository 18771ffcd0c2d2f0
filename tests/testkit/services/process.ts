import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../../../shared/config/project-root.js';

/** One of the product's processes, started from its build as an operator would start it. */
export interface ProductProcess {
  readonly child: ChildProcess;
  /** All that it has printed so far. */
  output(): string;
  /** Sends the signal and answers how the process ended: its exit status, or the signal that killed it. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
  /** Resolves when `GET <url>` answers 200; rejects when the process ends before, with what it printed. */
  untilReady(url: string): Promise<void>;
}

/**
 * Functions of WebAssembly are compiled anew with optimisations after they have run for longer than they do by default: a quarter of what
 * the start of a process with PGlite costs otherwise, which most processes of tests do not outlive by much.
 */
const flags = ['--wasm-tiering-budget=40000000'];

export function startProcess(entry: string, environment: Readonly<Record<string, string>>): ProductProcess {
  const child = spawn(process.execPath, [...flags, join(projectRoot, 'dist', entry)], {
    // Nothing of the machine's own settings may leak into what is tested.
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', ...environment },
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const ended = once(child, 'exit').then(([status, signal]) => (status ?? signal) as number | NodeJS.Signals);

  return {
    child,
    output: () => printed,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return ended;
    },
    async untilReady(url) {
      const deadline = Date.now() + 60_000;
      for (;;) {
        if (child.exitCode !== null || child.signalCode !== null) {
          throw new Error(`${entry} ended with ${String(child.exitCode ?? child.signalCode)} before it was ready:\n${printed}`);
        }
        if (Date.now() > deadline) throw new Error(`${entry} was not ready in time:\n${printed}`);
        const answer = await fetch(url).catch(() => null);
        await answer?.arrayBuffer();
        if (answer?.status === 200) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
}
