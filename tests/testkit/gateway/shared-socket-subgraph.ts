import { once } from 'node:events';
import { buildSchema } from 'graphql';
import { WebSocket } from 'ws';
import { unauthenticated } from '../../../shared/errors/app-error.js';
import { serveSubgraph } from '../../../shared/graphql/subgraph-server.js';
import type { Subgraph, SubscriptionConnection } from '../../../shared/graphql/subgraph.js';
import { createLogger } from '../../../shared/logging/logger.js';

const secret = 'only-for-tests-only-for-tests-only-for-tests';

interface FakeContext {
  readonly authorization: string | undefined;
  readonly connection: SubscriptionConnection | undefined;
}

interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

export type SharedSocketSubgraph = Awaited<ReturnType<typeof startSharedSocketSubgraph>>;

/** A subgraph with two subscriptions, and a gateway that speaks to it frame by frame. `me` tells without end whose it is, `quiet` nothing. */
export async function startSharedSocketSubgraph() {
  /** What the subscriptions saw, in order. */
  const seen: string[] = [];
  /** Open subscriptions by the token of their caller, and how many events each was asked for. */
  const asked = new Map<string, number>();
  const sockets: WebSocket[] = [];

  function source(kind: 'me' | 'quiet', { authorization = 'nobody', connection }: FakeContext): AsyncIterableIterator<unknown> {
    asked.set(authorization, 0);
    connection?.signal.addEventListener('abort', () => seen.push(`${authorization} left ${JSON.stringify(connection.signal.reason)}`));
    return {
      next() {
        asked.set(authorization, (asked.get(authorization) ?? 0) + 1);
        return kind === 'quiet' ? new Promise(() => undefined) : Promise.resolve({ value: { me: authorization }, done: false });
      },
      return() {
        seen.push(`${authorization} returned`);
        asked.delete(authorization);
        return authorization === 'throws at its end'
          ? Promise.reject(new Error('clean-up'))
          : Promise.resolve({ value: undefined, done: true });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  const schema = buildSchema('type Query { a: Int } type Subscription { me: String quiet: String }');
  for (const kind of ['me', 'quiet'] as const) {
    Object.assign(schema.getSubscriptionType()?.getFields()[kind] ?? {}, {
      subscribe: (_root: unknown, _input: unknown, context: FakeContext) => source(kind, context),
    });
  }
  const subgraph: Subgraph<FakeContext> = {
    name: 'fake',
    schema,
    createContext: ({ authorization }, connection) =>
      authorization === 'bad' ? Promise.reject(unauthenticated()) : Promise.resolve({ authorization, connection }),
    ready: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
  const logger = createLogger({ name: 'test', level: 'silent' });
  const server = await serveSubgraph({ subgraph, host: '127.0.0.1', port: 0, gatewaySecret: secret, logger });

  async function open(init: object = { sharedSocket: 1 }) {
    const socket = new WebSocket(server.url.replace('http', 'ws'), 'graphql-transport-ws', { headers: { 'x-gateway-secret': secret } });
    sockets.push(socket);
    const frames: Frame[] = [];
    socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString()) as Frame));
    await once(socket, 'open');
    const send = (frame: object): void => socket.send(JSON.stringify(frame));
    send({ type: 'connection_init', payload: init });
    await eventually(() => frames.length > 0);
    const acknowledgement = frames.shift();
    return {
      socket,
      frames,
      send,
      acknowledgement,
      of: (id: string) => frames.filter((frame) => frame.id === id),
      subscribe(id: string, authorization: string, { field = 'quiet', window = 1 } = {}) {
        const extensions = { sharedSocket: { headers: { authorization }, window } };
        send({ type: 'subscribe', id, payload: { query: `subscription { ${field} }`, extensions } });
      },
      notify: (payload: object) => send({ type: 'pong', payload }),
    };
  }

  return {
    url: server.url,
    seen,
    asked,
    open,
    async close() {
      for (const socket of sockets) socket.terminate();
      await server.close();
    },
  };
}

/** Without a timer: what is waited for happens in this process. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
