import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { folderOfRun } from './folder-of-run.js';

// Below what the system gives to outgoing connections and to whoever listens on any port: such a port could be taken between the moment
// that it is found free and the moment that a process of the test listens on it.
const [first, last] = [20_000, 31_999];

/** Ports that nobody listens on, and that no other test of this run is given. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const claims = join(await folderOfRun(), 'ports');
  await mkdir(claims, { recursive: true });
  const ports: number[] = [];
  for (let port = first + Math.floor(Math.random() * (last - first)); ports.length < count; port = port === last ? first : port + 1) {
    if ((await claim(join(claims, String(port)))) && (await isFree(port))) ports.push(port);
  }
  return ports;
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('no free port');
  return port;
}

async function claim(file: string): Promise<boolean> {
  try {
    await (await open(file, 'wx')).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await new Promise((resolve) => server.close(resolve));
  return true;
}
