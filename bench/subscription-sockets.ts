/**
 * What subscriptions between the gateway and a subgraph cost, on shared sockets and on one each (docs/adr/0012), in one run: CPU to begin
 * one and for an event, and resident memory of the subgraph for an idle one (the
 * gateway's is this process, which keeps what it had the round before). The field does nothing, so what is measured is the way to it and back.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { buildSchema } from 'graphql';
import { createOwnSocketSubscription, type UpstreamOptions } from '../gateway/datasources/subscriptions/own-socket-subscription.js';
import type { SubscribeRequest, UpstreamSubscription } from '../gateway/datasources/subgraph-data-source.js';
import { createSubgraphSockets } from '../gateway/datasources/subscriptions/subgraph-sockets.js';
import { serveSubgraph } from '../shared/graphql/subgraph-server.js';
import { createLogger } from '../shared/logging/logger.js';
import { compiled } from './compiled.js';
import { report, type Figure } from './harness.js';
import { nextMessage } from '../tests/testkit/gateway/next-message.js';

const subscriptions = 3_000;
const events = 40;
const rounds = 3;
const secret = 'only for measurements, only for measurements';
const logger = createLogger({ name: 'bench', level: 'silent' });

interface State {
  readonly open: number;
  readonly rss: number;
  /** µs. */
  readonly cpu: number;
}

const cpuOf = ({ user, system }: NodeJS.CpuUsage): number => user + system;

if (process.send === undefined) await measure();
else await serve();

/** The subgraph, as a process of its own: says its URL, then answers `state`, and publishes as many events as the number it is told. */
async function serve(): Promise<void> {
  const schema = buildSchema('type Query { a: Int } type Change { cursor: String version: Int } type Subscription { changes: Change }');
  const open = new Set<(version: number) => void>();
  Object.assign(schema.getSubscriptionType()?.getFields().changes ?? {}, {
    subscribe() {
      const queue: number[] = [];
      let wake = (): void => undefined;
      const push = (version: number): void => {
        queue.push(version);
        wake();
      };
      open.add(push);
      return {
        async next() {
          while (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve));
          return { value: { changes: { cursor: 'abcdefghij', version: queue.shift() } }, done: false };
        },
        return() {
          open.delete(push);
          return Promise.resolve({ value: undefined, done: true });
        },
        [Symbol.asyncIterator]() {
          return this;
        },
      };
    },
  });
  const { url } = await serveSubgraph({
    subgraph: {
      name: 'bench',
      schema,
      createContext: (headers) => Promise.resolve({ headers }),
      ready: () => Promise.resolve([]),
      close: () => Promise.resolve(),
    },
    host: '127.0.0.1',
    port: 0,
    gatewaySecret: secret,
    logger,
  });
  process.send?.(url);
  process.on('message', (message) => {
    if (message === 'state') {
      process.send?.({ open: open.size, rss: process.memoryUsage.rss(), cpu: cpuOf(process.cpuUsage()) } satisfies State);
      return;
    }
    for (let version = 0; version < Number(message); version += 1) for (const push of open) push(version);
  });
}

async function measure(): Promise<void> {
  const figures = new Map<string, { unit: string; rounds: number[] }>();
  const note = (name: string, unit: string, value: number): void => {
    const figure = figures.get(name) ?? { unit, rounds: [] };
    figures.set(name, figure);
    figure.rounds.push(value);
  };
  for (let round = 0; round < rounds; round += 1) for (const way of ['shared', 'own'] as const) await measureOnce(way, note);
  report(
    'subscription-sockets',
    `Subscriptions between gateway and subgraph, ${subscriptions} at once`,
    [...figures].map(([name, figure]): Figure => ({ name, ...figure, goal: null })),
  );
}

async function measureOnce(way: 'shared' | 'own', note: (name: string, unit: string, value: number) => void): Promise<void> {
  const child = fork(compiled(import.meta.filename), { env: { ...process.env, NODE_ENV: 'production' } });
  const answer = async <Answer>(message?: string): Promise<Answer> => {
    if (message !== undefined) child.send(message);
    return ((await once(child, 'message')) as [Answer])[0];
  };
  const url = await answer<string>();
  const options: UpstreamOptions = {
    url: url.replace('http', 'ws'),
    upgradeHeaders: { 'x-gateway-secret': secret },
    timeoutMs: 60_000,
    maxMessageBytes: 1024 * 1024,
    logger,
  };
  const sockets = createSubgraphSockets(options, Date.now);
  const subscribe = (request: SubscribeRequest): UpstreamSubscription =>
    way === 'shared' ? sockets.subscribe(request) : createOwnSocketSubscription(request, options);

  const before = { cpu: process.cpuUsage(), subgraph: await answer<State>('state') };
  const started = performance.now();
  let received = 0;
  const upstreams = Array.from({ length: subscriptions }, (_, n) =>
    subscribe({
      query: 'subscription { changes { cursor version } }',
      operationName: undefined,
      variables: {},
      headers: { authorization: `Bearer ${'x'.repeat(600)}${n}`, 'x-user-id': `user ${n}` },
    }),
  );
  for (const upstream of upstreams) {
    void (async () => {
      while ((await nextMessage(upstream)).kind === 'event') received += 1;
    })();
  }
  let state = before.subgraph;
  while (state.open < subscriptions) state = await answer<State>('state');
  note(`${way}: all have begun after`, 'ms', performance.now() - started);
  note(`${way}: CPU of the gateway to begin one`, 'µs', cpuOf(process.cpuUsage(before.cpu)) / subscriptions);
  note(`${way}: CPU of the subgraph to begin one`, 'µs', (state.cpu - before.subgraph.cpu) / subscriptions);
  note(`${way}: memory of the subgraph for an idle one`, 'KB', (state.rss - before.subgraph.rss) / subscriptions / 1024);

  const cpu = process.cpuUsage();
  const publishedAt = performance.now();
  child.send(String(events));
  while (received < subscriptions * events) await new Promise((resolve) => setTimeout(resolve, 5));
  note(`${way}: events delivered`, '1/s', received / ((performance.now() - publishedAt) / 1000));
  note(`${way}: CPU of the gateway for an event`, 'µs', cpuOf(process.cpuUsage(cpu)) / received);
  note(`${way}: CPU of the subgraph for an event`, 'µs', ((await answer<State>('state')).cpu - state.cpu) / received);

  for (const upstream of upstreams) upstream.leave({ code: 0 });
  await sockets.close();
  const ended = once(child, 'exit');
  child.kill();
  await ended;
}
