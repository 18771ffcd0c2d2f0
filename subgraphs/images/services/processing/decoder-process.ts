import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../../../shared/config/project-root.js';
import type { DecoderJob, DecoderMessage, DecoderResult } from './decoder/jobs.js';

export type DecoderOutcome =
  | { readonly kind: 'Done'; readonly result: DecoderResult }
  /** The job could not be done, for a reason that is not the picture's. */
  | { readonly kind: 'Failed'; readonly message: string }
  /** The process has ended in the middle of the job; `reason` is its signal or code, and the end of what it said. */
  | { readonly kind: 'Crashed'; readonly reason: string }
  /** The process did not even come up. */
  | { readonly kind: 'NotStarted'; readonly reason: string }
  | { readonly kind: 'TimedOut' }
  | { readonly kind: 'OutOfMemory' };

/** One process, for one job at a time. */
export interface DecoderProcess {
  readonly pid: number | undefined;
  run(job: DecoderJob, options: { readonly timeLimitMs: number }): Promise<DecoderOutcome>;
  /** Whether it can do another job: it runs, and has given back most of its memory. */
  isFit(): boolean;
  /** Ends it at once; resolves when it is gone. */
  stop(): Promise<void>;
}

export interface DecoderProcessOptions {
  /** The program of the process. */
  readonly entry?: string;
  /** Of resident memory, in bytes. */
  readonly memoryLimit: number;
}

/** How much of what the process says is kept, to be logged. In characters. */
const keptOutput = 2000;

/**
 * Starts a decoder. It gets nothing of this process's environment: whoever takes over a decoder by a file of theirs finds no secret
 * there. While it has no job it does not keep this process alive.
 */
export function startDecoderProcess({ entry = ownEntry(), memoryLimit }: DecoderProcessOptions): DecoderProcess {
  const child = fork(entry, [String(memoryLimit)], {
    cwd: projectRoot,
    env: {
      // Decoded pictures of up to 200 MB stay in memory, which is bounded, instead of in files of libvips's own.
      VIPS_DISC_THRESHOLD: '2g',
      // One arena instead of one a thread, so that memory goes back to the system.
      MALLOC_ARENA_MAX: '2',
    },
    // Pixels are not on the heap of JavaScript.
    execArgv: ['--max-old-space-size=96', ...(entry.endsWith('.ts') ? ['--import', 'tsx'] : [])],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let output = '';
  child.stderr?.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-keptOutput)));
  let rss = 0;
  let isReady = false;
  let hasEnded = false;
  let settle: (outcome: DecoderOutcome) => void = ignore;

  const ended = new Promise<void>((resolve) => {
    const end = (reason: string) => {
      hasEnded = true;
      settle({ kind: isReady ? 'Crashed' : 'NotStarted', reason: output === '' ? reason : `${reason}: ${output}` });
      resolve();
    };
    // `close` comes after all that the process has said, `error` alone when there is no process.
    child.once('close', (code, signal) => end(String(signal ?? code)));
    child.on('error', (error) => {
      if (child.pid === undefined) end(String(error));
    });
  });
  const ready = new Promise<void>((resolve) => {
    child.on('message', (message: DecoderMessage) => {
      switch (message.kind) {
        case 'Ready':
          isReady = true;
          resolve();
          break;
        case 'Done':
          rss = message.rss;
          settle({ kind: 'Done', result: message.result });
          break;
        case 'Failed':
        case 'OutOfMemory':
          settle(message);
      }
    });
  });
  hold(child, false);

  return {
    pid: child.pid,
    async run(job, { timeLimitMs }) {
      if (hasEnded) return { kind: 'NotStarted', reason: 'ended before' };
      hold(child, true);
      const outcome = new Promise<DecoderOutcome>((resolve) => (settle = resolve));
      const timer = setTimeout(() => settle({ kind: 'TimedOut' }), timeLimitMs);
      // A process that ends meanwhile is told by its end.
      void ready.then(() => child.connected && child.send(job, ignore));
      try {
        return await outcome;
      } finally {
        clearTimeout(timer);
        settle = ignore;
        hold(child, false);
      }
    },
    isFit: () => !hasEnded && child.connected && rss < memoryLimit / 2,
    async stop() {
      if (!hasEnded) hold(child, true);
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Beside this file, as TypeScript in tests and as JavaScript in `dist/`. */
function ownEntry(): string {
  return join(import.meta.dirname, 'decoder', import.meta.filename.endsWith('.ts') ? 'main.ts' : 'main.js');
}

/** Whether the child keeps this process alive. */
function hold(child: ChildProcess, isHeld: boolean): void {
  const action = isHeld ? 'ref' : 'unref';
  child[action]();
  child.channel?.[action]();
}

function ignore(): void {
  // Nobody waits for it.
}
