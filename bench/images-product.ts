/** The built product in a process of its own, to which images are uploaded as a client does, and whose memory is looked at meanwhile. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../tests/testkit/services/free-ports.js';
import { residentMemory } from './harness.js';

const entry = join(resolve(import.meta.dirname, '..'), 'dist', 'gateway', 'all-in-one.js');

/** The most that was seen, in MB. */
export interface Peak {
  /** Of the process that serves everything but the decoding. */
  readonly server: number;
  /** Of all decoders together. */
  readonly decoders: number;
}

export interface Product {
  upload(bytes: Buffer): Promise<void>;
  /** The peak while `task` runs. */
  watch(task: () => Promise<unknown>): Promise<Peak>;
  stop(): Promise<void>;
}

export async function startProduct(): Promise<Product> {
  const port = await freePort();
  const dataDir = mkdtempSync(join(tmpdir(), 'galaxia-bench-'));
  const child = spawn(process.execPath, [entry], {
    env: { PATH: process.env.PATH, PORT: String(port), DATA_DIR: dataDir, NODE_ENV: 'production' },
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${String(port)}`;
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(`the product ended with ${child.exitCode}: is it built?`);
    await wait(20);
  }

  async function ask<Answer>(query: string, input: object, token?: string): Promise<Answer> {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ query, variables: { input } }),
    });
    const { data, errors } = (await response.json()) as { data?: { answer: Answer }; errors?: unknown };
    if (data === undefined || errors !== undefined) throw new Error(JSON.stringify(errors));
    return data.answer;
  }
  const { accessToken } = await ask<{ accessToken: string }>(register, { username: 'painter', password: 'correct horse battery staple' });

  return {
    async upload(bytes) {
      const upload = await ask<Upload>(open, { contentType: 'image/jpeg', size: bytes.length, purpose: 'GALLERY' }, accessToken);
      const headers = upload.headers.map(({ name, value }): [string, string] => [name, value]);
      const sent = await fetch(new URL(upload.url, url), { method: upload.method, headers, body: new Uint8Array(bytes) });
      if (!sent.ok) throw new Error(`${sent.status} ${await sent.text()}`);
      const answer = await ask<{ __typename: string }>(complete, { id: upload.id }, accessToken);
      if (answer.__typename !== 'ImagePayload') throw new Error(JSON.stringify(answer));
    },
    async watch(task) {
      const server = child.pid ?? 0;
      let peak: Peak = { server: 0, decoders: 0 };
      const look = setInterval(() => {
        const decoders = childrenOf(server).reduce((sum, pid) => sum + residentMemory(pid), 0);
        peak = { server: Math.max(peak.server, residentMemory(server)), decoders: Math.max(peak.decoders, decoders) };
      }, 20);
      try {
        await task();
        return peak;
      } finally {
        clearInterval(look);
      }
    },
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
      rmSync(dataDir, { recursive: true });
    },
  };
}

interface Upload {
  readonly id: string;
  readonly url: string;
  readonly method: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

const register = 'mutation ($input: RegisterInput!) { answer: register(input: $input) { ... on AuthPayload { accessToken } } }';
const open =
  'mutation ($input: CreateImageUploadInput!) { answer: createImageUpload(input: $input) { ... on ImageUpload { id url method headers { name value } } } }';
const complete =
  'mutation ($input: CompleteImageUploadInput!) { answer: completeImageUpload(input: $input) { __typename ... on UserError { code } } }';

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Of all threads: any of them may have started it. */
function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}
