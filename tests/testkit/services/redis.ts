import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-ports.js';

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Like a machine that loses its power. */
  stop(): Promise<void>;
}

/**
 * A fresh `redis-server` on a free port of this machine, with nothing kept after `stop`; null when it is not installed. `port` starts it
 * on a known one again. With a `folder` it keeps every write there, and leaves the folder to the caller. `isCluster`: it is the only node of
 * a cluster, and has no slots yet.
 */
export async function startRedis(options: { port?: number; folder?: string; isCluster?: boolean } = {}): Promise<TestRedis | null> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'galaxia-redis-')));
  const persistence = options.folder === undefined ? ['--appendonly', 'no'] : ['--appendonly', 'yes', '--appendfsync', 'always'];
  const port = options.port ?? (await freePort());
  // Nobody joins it: any free port will do to talk with other nodes.
  const cluster = options.isCluster === true ? ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())] : [];
  const listening = ['--port', String(port), '--bind', '127.0.0.1', ...cluster];
  const server = spawn('redis-server', [...listening, '--save', '', ...persistence, '--dir', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const remove = async () => {
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  };
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
  if (server.pid === undefined) throw new Error('redis-server has no process id');
  return {
    port,
    pid: server.pid,
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
