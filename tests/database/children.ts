import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { projectRoot } from '../../shared/config/project-root.js';

export interface Child {
  readonly pid: number;
  /** All lines that it has printed so far. */
  readonly lines: readonly string[];
  /** The next line that this has not answered yet. Fails when the process ends before it prints one. */
  nextLine(): Promise<string>;
  write(line: string): void;
  kill(): Promise<void>;
}

/** A process of its own that runs `script`, a TypeScript file in this folder. */
export function startChild(script: string, args: readonly string[]): Child {
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, script), ...args], {
    cwd: projectRoot,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let answered = 0;
  let errors = '';
  let wake: () => void = ignore;
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  // A process that was killed does not read what is still written to it.
  child.stdin.on('error', ignore);
  const reader = createInterface(child.stdout).on('line', (line) => {
    lines.push(line);
    wake();
  });
  const ended = Promise.all([once(child, 'exit'), once(reader, 'close')]).then(() => {
    wake();
  });
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
    wake();
  });
  return {
    pid: child.pid ?? 0,
    lines,
    async nextLine() {
      while (answered >= lines.length) {
        if (hasEnded) throw new Error(`${script} ended without another line:\n${errors}`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
      const line = lines[answered];
      answered += 1;
      return line ?? '';
    },
    write(line) {
      child.stdin.write(`${line}\n`);
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function ignore(): void {
  // Nothing waits for it.
}
