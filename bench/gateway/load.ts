import { Pool } from 'undici';
import { median } from '../harness.js';

export interface Load {
  readonly requests: number;
  /** Of the whole run, in ms. */
  readonly elapsed: number;
  readonly p50: number;
  readonly p99: number;
}

/** Something that can be asked over and over. `n` counts the requests. */
export type Ask = (n: number) => Promise<void>;

export interface Target {
  readonly ask: Ask;
  /** The parsed answer to request `n`. */
  answer(n: number): Promise<unknown>;
  close(): Promise<void>;
}

const headers = { 'content-type': 'application/json', accept: 'application/json' };

/**
 * A server that gets one of `bodies` after the other, each with its own of `tokens` if there are any. Answers are read and not parsed, which
 * would cost the machine that is measured.
 */
export function createTarget(url: string, bodies: readonly string[], tokens: readonly string[] = []): Target {
  const { origin, pathname: path } = new URL(url);
  const pool = new Pool(origin, { connections: 32, pipelining: 1, keepAliveTimeout: 600_000, keepAliveMaxTimeout: 600_000 });
  const request = async (n: number): Promise<string> => {
    const token = tokens[n % bodies.length];
    const answer = await pool.request({
      path,
      method: 'POST',
      headers: token === undefined ? headers : { ...headers, authorization: `Bearer ${token}` },
      body: bodies[n % bodies.length] ?? '',
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}: ${text}`);
    return text;
  };
  return {
    async ask(n) {
      const text = await request(n);
      if (text.includes('"errors"')) throw new Error(`${url} answered ${text.slice(0, 500)}`);
    },
    answer: async (n): Promise<unknown> => JSON.parse(await request(n)) as unknown,
    close: () => pool.close(),
  };
}

/** Asks with `connections` requests under way at any time, for `durationMs`. */
export async function runLoad(ask: Ask, { connections, durationMs }: { connections: number; durationMs: number }): Promise<Load> {
  const latencies: number[] = [];
  const started = performance.now();
  const end = started + durationMs;
  let n = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let before = performance.now(); before < end;) {
        n += 1;
        await ask(n);
        const after = performance.now();
        latencies.push(after - before);
        before = after;
      }
    }),
  );
  const elapsed = performance.now() - started;
  latencies.sort((a, b) => a - b);
  return { requests: n, elapsed, p50: median(latencies), p99: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN };
}
