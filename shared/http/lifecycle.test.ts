import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { projectRoot } from '../config/project-root.js';
import { createScope } from './lifecycle.js';

describe('A scope', () => {
  it('closes what was opened last first, each thing once', async () => {
    const closed: string[] = [];
    const scope = createScope();
    scope.defer(() => Promise.resolve(closed.push('database')));
    scope.defer(() => Promise.resolve(closed.push('server')));
    await scope.close();
    await scope.close();
    expect(closed).toEqual(['server', 'database']);
  });

  it('closes the rest when one of them fails, and tells the failure', async () => {
    const closed: string[] = [];
    const scope = createScope();
    scope.defer(() => Promise.resolve(closed.push('database')));
    scope.defer(() => Promise.reject(new Error('the server hangs')));
    await expect(scope.close()).rejects.toThrow('the server hangs');
    expect(closed).toEqual(['database']);
  });
});

describe('A process', () => {
  /** Runs `body` as the start of a process; resolves with its end and what it said. */
  async function run(body: string, signalWhenReady?: NodeJS.Signals) {
    const script = `
      import { runProcess } from ${JSON.stringify(join(import.meta.dirname, 'lifecycle.ts'))};
      import { ConfigurationError } from ${JSON.stringify(join(import.meta.dirname, '../config/environment.ts'))};
      void ConfigurationError;
      runProcess({ name: 'test', async start(scope) { ${body} console.log('ready'); } });
      const alive = setInterval(() => undefined, 1000);
      void alive;`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (signalWhenReady !== undefined && output.includes('ready')) child.kill(signalWhenReady);
      });
    }
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, output };
  }

  it('that crashes exits with 1 and says why', async () => {
    const { status, output } = await run(`setTimeout(() => { throw new Error('the bug'); }, 1);`);
    expect(status).toBe(1);
    expect(output).toContain('the bug');
  });

  it('that forgets a rejection exits with 1 too', async () => {
    const { status, output } = await run(`void Promise.reject(new Error('forgotten'));`);
    expect(status).toBe(1);
    expect(output).toContain('forgotten');
  });

  it('whose configuration cannot be used exits with 1, with every problem and without a stack', async () => {
    const { status, output } = await run(`throw new ConfigurationError(['PORT: must be a port number', 'LOG_LEVEL: unknown']);`);
    expect(status).toBe(1);
    expect(output).toContain('PORT: must be a port number');
    expect(output).toContain('LOG_LEVEL: unknown');
    expect(output).not.toMatch(/\bat .*lifecycle/);
  });

  it('whose start fails closes what it has opened, and exits with 1', async () => {
    const { status, output } = await run(
      `scope.defer(async () => console.log('closed the database')); throw new Error('the server does not start');`,
    );
    expect(status).toBe(1);
    expect(output).toContain('the server does not start');
    expect(output).toContain('closed the database');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('that gets %s closes everything and exits with 0', async (signal) => {
    const { status, output } = await run(`scope.defer(async () => console.log('closed the server'));`, signal);
    expect(status).toBe(0);
    expect(output).toContain('closed the server');
  });

  it('that gets the same signal from the terminal and from npm still closes everything and exits with 0', async () => {
    const { status, output } = await run(
      `scope.defer(async () => { process.kill(process.pid, 'SIGINT'); await new Promise((resolve) => setTimeout(resolve, 50)); console.log('closed the server'); });`,
      'SIGINT',
    );
    expect(output).toContain('closed the server');
    expect(status).toBe(0);
  });
});
