import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * A fresh `redis-server` on a free port of this machine, with nothing kept after `stop`; null when it is not installed. `port` starts it
 * on a known one again.
 */
export async function startRedis(options: { port?: number } = {}): Promise<TestRedis | null> {
  const folder = await mkdtemp(join(tmpdir(), 'galaxia-redis-'));
  const port = options.port ?? (await freePort());
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const remove = () => rm(folder, { recursive: true, force: true });
  const started = await new Promise<'ready' | 'missing' | Error>((resolve) => {
    let printed = '';
    server.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ENOENT' ? 'missing' : error));
    server.on('exit', (status) => resolve(new Error(`redis-server ended with ${String(status)}:\n${printed}`)));
    for (const stream of [server.stdout, server.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
        if (printed.includes('Ready to accept connections')) resolve('ready');
      });
    }
  });
  if (started !== 'ready') {
    await remove();
    if (started === 'missing') return null;
    throw started;
  }
  return {
    url: `redis://127.0.0.1:${String(port)}`,
    async stop() {
      if (server.exitCode === null && server.signalCode === null) {
        const exited = once(server, 'exit');
        server.kill('SIGKILL');
        await exited;
      }
      await remove();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
