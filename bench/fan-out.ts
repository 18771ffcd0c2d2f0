/** P8: what a change costs that 10, 100 and 1,000 followers see, each with their own token on their own socket. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { compiled } from './compiled.js';
import type { Doors, Product, Question, ReadAnswer } from './fan-out-subject.js';
import { report, type Figure } from './harness.js';

const rounds = 3;
const sizes = [10, 100, 1_000] as const;
const most = 1_000;
const selections = {
  'owner only': 'subscription { changes { version statusMessage user { id } } }',
  'name and avatar': 'subscription { changes { version statusMessage user { username displayName avatar { url } } } }',
} as const;

const children: ChildProcess[] = [];

function startChild() {
  const child = fork(compiled(join(import.meta.dirname, 'fan-out-subject.ts')));
  children.push(child);
  return async (question: Question): Promise<unknown> => {
    const answered = once(child, 'message', { signal: AbortSignal.timeout(60_000) });
    child.send(question);
    return ((await answered) as unknown[])[0];
  };
}

type Ask = ReturnType<typeof startChild>;

/** Followers of the feed through one door; what they receive is counted, not read. */
async function openFollowers(port: number, tokens: readonly string[], query: string) {
  let received = 0;
  let awaited = Infinity;
  let resolve: () => void = () => undefined;
  const onNext = (): void => {
    received += 1;
    if (received >= awaited) resolve();
  };
  const sockets = await Promise.all(
    tokens.map(async (token, index) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', { perMessageDeflate: false });
      await once(socket, 'open');
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
      await once(socket, 'message');
      socket.on('message', (data: Buffer) => {
        if (data.includes('"errors"') || !data.includes('"next"')) throw new Error(data.toString());
        onNext();
      });
      socket.send(JSON.stringify({ id: `operation-${index}`, type: 'subscribe', payload: { query } }));
      return socket;
    }),
  );
  return {
    /** Resolves when all have received what `publish` publishes. */
    async receive(publish: () => Promise<unknown>): Promise<void> {
      const all = new Promise<void>((done) => (resolve = done));
      awaited = received + sockets.length;
      await publish();
      if (received < awaited) await all;
    },
    async close(): Promise<void> {
      await Promise.all(
        sockets.map((socket) => {
          socket.close();
          return once(socket, 'close');
        }),
      );
    },
  };
}

let version = 0;

/** CPU of the gateway's process in µs for each delivered event, and entity fetches for each change. */
async function measure(gateway: Ask, feed: Ask, followers: Awaited<ReturnType<typeof openFollowers>>, size: number, changes: number) {
  const publish = () => feed({ kind: 'publish', version: (version += 1), subscribers: size });
  await gateway({ kind: 'read' });
  for (let change = 0; change < changes; change += 1) await followers.receive(publish);
  const { fetches, cpu } = (await gateway({ kind: 'read' })) as ReadAnswer;
  return { fetches: fetches / changes, cpu: cpu / (changes * size) };
}

const figures: Figure[] = [];
const feed = startChild();
const product = (await feed({ kind: 'product', followers: most })) as Product;
for (const way of ['in one process', 'over HTTP'] as const) {
  const gateway = way === 'in one process' ? feed : startChild();
  const doors = gateway === feed ? product.doors : ((await gateway({ kind: 'gateway', subgraphs: product.subgraphs })) as Doors);
  for (const [selection, query] of Object.entries(selections)) {
    for (const size of sizes) {
      const costs = { alone: [] as number[], together: [] as number[] };
      const fetches = { alone: [] as number[], together: [] as number[] };
      for (const door of ['alone', 'together'] as const) {
        const followers = await openFollowers(doors[door], product.tokens.slice(0, size), query);
        // A thousand times three fetches take seconds, so what each does alone is measured on few changes.
        const changes = door === 'together' ? Math.max(4, 1_000 / size) : Math.max(1, 100 / size);
        const warmUp = Math.ceil(changes / 4);
        const isSlow = door === 'alone' && size === most && selection !== 'owner only';
        if (!isSlow) await measure(gateway, feed, followers, size, warmUp);
        for (let round = 0; round < (isSlow ? 1 : rounds); round += 1) {
          const measured = await measure(gateway, feed, followers, size, changes);
          costs[door].push(measured.cpu);
          fetches[door].push(measured.fetches);
        }
        console.error(`${way}, ${selection}, ${size} ${door}: ${costs[door].map((cost) => cost.toFixed(0)).join(', ')} µs`);
        await followers.close();
      }
      const name = `${selection}, ${way}, ${size}`;
      figures.push(
        { name: `${name}: alone`, unit: 'µs', rounds: costs.alone, goal: null },
        { name: `${name}: together`, unit: 'µs', rounds: costs.together, goal: null },
      );
      if (selection === 'owner only') continue;
      figures.push(
        { name: `${way}, ${size}: fetches alone`, unit: 'a change', rounds: fetches.alone, goal: null },
        { name: `${way}, ${size}: fetches together`, unit: 'a change', rounds: fetches.together, goal: { atMost: 3 } },
      );
    }
  }
}
for (const child of children) child.disconnect();
report('fan-out', 'P8: a change seen by 10, 100, 1,000 followers: gateway CPU per delivery, fetches per change', figures);
