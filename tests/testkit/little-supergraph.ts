import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { GraphQLScalarType, parse } from 'graphql';
import { createHttpDataSource } from '../../gateway/datasources/http.js';
import { createInProcessDataSource } from '../../gateway/datasources/in-process.js';
import type { SubgraphDataSource } from '../../gateway/datasources/subgraph-data-source.js';
import { createSupergraph, type Supergraph } from '../../gateway/execution/supergraph.js';
import type { WebSocketLimits } from '../../gateway/subscriptions/limits.js';
import { attachWebSocket, type WebSocketOptions, type WebSockets } from '../../gateway/subscriptions/websocket.js';
import { createRevocations, type Revocations } from '../../shared/auth/revocations.js';
import { AppError, unauthenticated } from '../../shared/errors/app-error.js';
import type { Leave, Subgraph, SubgraphHeaders, SubscriptionConnection } from '../../shared/graphql/subgraph.js';
import { serveSubgraph } from '../../shared/graphql/subgraph-server.js';
import { createLogger } from '../../shared/logging/logger.js';

export type Way = 'in-process' | 'http';

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])`;
const secret = 'a secret of the little supergraph';
const logger = createLogger({ name: 'test', level: 'silent' });

interface LittleContext {
  readonly headers: SubgraphHeaders;
  readonly connection: SubscriptionConnection | undefined;
}

type Module = Extract<Extract<Parameters<typeof buildSubgraphSchema>[0], readonly unknown[]>[number], { resolvers?: unknown }>;
type Resolvers = NonNullable<Module['resolvers']>;

/** Where tests put events in, and see who listens. */
export interface Feed {
  publish(message: unknown): void;
  /** Subscriptions open in the owning subgraph. */
  listeners(): number;
  /** How clients left, oldest first. */
  readonly leaves: Leave[];
  /** Ends every subscription from the subgraph's side. */
  complete(): void;
  fail(error: Error): void;
  /** How many events of `flood` were asked for. */
  floods: number;
}

export interface LittleSupergraph {
  readonly origin: string;
  readonly supergraph: Supergraph;
  readonly sockets: WebSockets;
  readonly feed: Feed;
  readonly revocations: Revocations;
  /** Headers of every operation that a subgraph received, oldest first. */
  readonly received: { readonly subgraph: string; readonly headers: SubgraphHeaders }[];
  sourceOf(name: string): SubgraphDataSource;
  /** Stops the servers of the subgraphs, as a crash or a deploy does. Only over HTTP. */
  stopSubgraphs(): Promise<void>;
  close(): Promise<void>;
}

export interface LittleOptions {
  readonly limits?: Partial<WebSocketLimits>;
  readonly socketOptions?: Partial<WebSocketOptions>;
  /** When tokens of `authorization: "Bearer short"` expire, in ms since the epoch. */
  readonly expiresAt?: number;
}

/** A supergraph of three subgraphs with everything that makes federated subscriptions hard, served on a WebSocket door. */
export async function startLittleSupergraph(way: Way, options: LittleOptions = {}): Promise<LittleSupergraph> {
  const received: LittleSupergraph['received'] = [];
  const { feed, subgraphs } = createSubgraphs(received);
  const folder = await mkdtemp(join(tmpdir(), 'little-'));
  const servers =
    way === 'in-process'
      ? []
      : await Promise.all(
          subgraphs.map(({ subgraph }) => serveSubgraph({ subgraph, host: '127.0.0.1', port: 0, gatewaySecret: secret, logger })),
        );
  const path = join(folder, 'supergraph.graphql');
  await writeFile(
    path,
    compose(
      subgraphs.map(({ subgraph, typeDefs }, index) => ({
        name: subgraph.name,
        typeDefs,
        url: servers[index]?.url ?? 'http://127.0.0.1:1',
      })),
    ),
  );
  const sources = new Map<string, SubgraphDataSource>();
  const supergraph = await createSupergraph({
    path,
    logger,
    dataSource({ name, url }) {
      const own = subgraphs.find(({ subgraph }) => subgraph.name === name);
      if (own === undefined) throw new Error(`unknown subgraph ${name}`);
      const source =
        way === 'in-process'
          ? createInProcessDataSource({ subgraph: own.subgraph, logger })
          : createHttpDataSource({ name, url, secret, logger, timeoutMs: 2_000 });
      sources.set(name, source);
      return source;
    },
  });
  const revocations = createRevocations();
  const server = createServer((_request, response) => response.writeHead(404).end());
  const sockets = attachWebSocket({
    server,
    supergraph,
    revocations,
    logger,
    allowedOrigins: ['https://game.example'],
    authenticate: (input) => authenticate(input, options.expiresAt ?? Date.now() + 600_000),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...options.socketOptions,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  let stopped: Promise<unknown> | undefined;
  const stopSubgraphs = async (): Promise<void> => {
    stopped ??= Promise.all(servers.map((each) => each.close()));
    await stopped;
  };
  return {
    origin: `http://127.0.0.1:${address.port}`,
    supergraph,
    sockets,
    feed,
    revocations,
    received,
    sourceOf(name) {
      const source = sources.get(name);
      if (source === undefined) throw new Error(`no data source of ${name}`);
      return source;
    },
    stopSubgraphs,
    async close() {
      await sockets.close(1012);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await supergraph.close();
      await stopSubgraphs();
      await rm(folder, { recursive: true });
    },
  };
}

function authenticate(
  { authorization, requestId }: { authorization: string | undefined; request: IncomingMessage; requestId: string },
  expiresAt: number,
) {
  const name = authorization?.replace('Bearer ', '');
  if (name === 'bad') return Promise.reject(unauthenticated());
  if (name === 'fault') return Promise.reject(new Error('keys cannot be fetched'));
  return Promise.resolve({
    viewer:
      name === undefined
        ? null
        : {
            userId: name,
            username: name,
            sessionId: `session of ${name}`,
            roles: [],
            authenticatedAt: 0,
            expiresAt: name === 'short' ? expiresAt : Date.now() + 600_000,
          },
    subgraphHeaders: { 'x-request-id': requestId, ...(authorization === undefined ? {} : { authorization }) },
  });
}

export function compose(services: readonly { name: string; url: string; typeDefs: string }[]): string {
  const result = composeServices(services.map(({ name, url, typeDefs }) => ({ name, url, typeDefs: parse(typeDefs) })));
  if (result.errors !== undefined) throw new Error(result.errors.map(({ message }) => message).join('\n'));
  return result.supergraphSdl;
}

function createSubgraphs(received: LittleSupergraph['received']) {
  const { feed, subscribe } = createFeed();
  const user = (id: string) => ({ __typename: 'User', id });
  const accounts = `${link}
    scalar Instant
    scalar Anything
    type Query {
      user(id: ID!): User
      users(ids: [ID!]!): [User!]!
      instant: Instant
      anything(value: Anything): Anything
      forbidden: String
      broken: String
      nothing: String!
      slow: String
    }
    type Mutation { greet(name: String!): String! }
    type User @key(fields: "id") { id: ID! name(loud: Boolean): String tokenSeen: String }`;
  const reviews = `${link}
    type User @key(fields: "id") { id: ID! stars: Int bestFriend: User refused: String faulty: String }`;
  const feedDefs = `${link}
    type Query { listeners: Int }
    type Subscription {
      ticks: Tick!
      feed(topic: String): Message!
      flood(size: Int!): Tick
      refused: Tick
      broken: Tick
    }
    type Tick { n: Int text: String user: User }
    union Message = Snapshot | Changed
    interface Entry { user: User! at: Int }
    type Online implements Entry { user: User! at: Int game: String }
    type Offline implements Entry { user: User! at: Int since: Int }
    type Snapshot { cursor: String entries: [Entry!]! matrix: [[User]] }
    type Changed { cursor: String entry: Online }
    type User @key(fields: "id") { id: ID! }`;

  const resolvers: Record<string, Resolvers> = {
    accounts: {
      // As graphql-scalars does it: serialised to a Date, which only JSON makes a string of.
      Instant: new GraphQLScalarType({ name: 'Instant', serialize: (value) => value }),
      Anything: new GraphQLScalarType({ name: 'Anything' }),
      Query: {
        user: (_: unknown, { id }: { id: string }) => user(id),
        users: (_: unknown, { ids }: { ids: string[] }) => ids.map(user),
        instant: () => new Date(0),
        anything: (_: unknown, { value }: { value: unknown }) => value,
        forbidden: () => Promise.reject(new AppError('FORBIDDEN', 'Not yours.', { retryAfter: 3 })),
        broken: () => Promise.reject(new Error('password of 10.0.0.7 is hunter2')),
        nothing: () => null,
        slow: () => new Promise(() => undefined),
      },
      Mutation: { greet: (_: unknown, { name }: { name: string }) => `Hello ${name}` },
      User: {
        __resolveReference: ({ id }: { id: string }) => user(id),
        name: ({ id }: { id: string }, { loud }: { loud?: boolean }) => (loud === true ? `USER ${id}!` : `User ${id}`),
        tokenSeen: (_: unknown, __: unknown, { headers }: LittleContext) => headers.authorization ?? null,
      },
    },
    reviews: {
      User: {
        __resolveReference: ({ id }: { id: string }) => user(id),
        stars: ({ id }: { id: string }) => Number(id) * 10,
        bestFriend: ({ id }: { id: string }) => user(String(Number(id) + 1)),
        refused: () => Promise.reject(new AppError('FORBIDDEN', 'Not yours.')),
        faulty: () => Promise.reject(new Error('password of 10.0.0.7 is hunter2')),
      },
    },
    feed: {
      Query: { listeners: () => feed.listeners() },
      Message: { __resolveType: ({ entries }: { entries?: unknown }) => (entries === undefined ? 'Changed' : 'Snapshot') },
      Entry: { __resolveType: ({ game }: { game?: unknown }) => (game === undefined ? 'Offline' : 'Online') },
      Subscription: {
        ticks: { subscribe: (_: unknown, __: unknown, { connection }: LittleContext) => subscribe('ticks', connection) },
        feed: { subscribe: (_: unknown, __: unknown, { connection }: LittleContext) => subscribe('feed', connection) },
        refused: { subscribe: () => Promise.reject(new AppError('FORBIDDEN', 'Not for you.')) },
        broken: { subscribe: () => Promise.reject(new Error('password of 10.0.0.7 is hunter2')) },
        flood: {
          subscribe: (_: unknown, { size }: { size: number }) =>
            endless(() => ({ flood: { n: feed.floods++, text: 'x'.repeat(size), user: null } })),
        },
      },
    },
  };

  const subgraphs = Object.entries({ accounts, reviews, feed: feedDefs }).map(([name, typeDefs]) => {
    const subgraph: Subgraph<LittleContext> = {
      name,
      schema: buildSubgraphSchema([{ typeDefs: parse(typeDefs), resolvers: resolvers[name] ?? {} }]),
      createContext(headers, connection) {
        received.push({ subgraph: name, headers });
        if (headers.authorization === 'Bearer refused-later') return Promise.reject(unauthenticated());
        return Promise.resolve({ headers, connection });
      },
      ready: () => Promise.resolve([]),
      close: () => Promise.resolve(),
    };
    return { subgraph, typeDefs };
  });
  return { feed, subgraphs };
}

/** Always has a next event, as fast as it is asked; gives way to timers, as real sources do. */
function endless(make: () => unknown): AsyncIterableIterator<unknown> {
  return {
    next: () => new Promise((resolve) => setImmediate(() => resolve({ value: make(), done: false }))),
    return: () => Promise.resolve({ value: undefined, done: true }),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

type Waiting = { resolve: (result: IteratorResult<unknown>) => void; reject: (error: Error) => void };

function createFeed() {
  const open = new Set<{ give(message: unknown): void; end(): void; fail(error: Error): void }>();
  const feed: Feed = {
    floods: 0,
    leaves: [],
    publish(message) {
      for (const each of open) each.give(message);
    },
    listeners: () => open.size,
    complete() {
      for (const each of open) each.end();
    },
    fail(error) {
      for (const each of open) each.fail(error);
    },
  };

  function subscribe(field: string, connection: SubscriptionConnection | undefined): AsyncIterableIterator<unknown> {
    const queue: unknown[] = [];
    let waiting: Waiting | undefined;
    const done: IteratorResult<unknown> = { value: undefined, done: true };
    const self = {
      give(message: unknown) {
        const value = { [field]: message };
        if (waiting === undefined) queue.push(value);
        else waiting.resolve({ value, done: false });
        waiting = undefined;
      },
      end() {
        open.delete(self);
        waiting?.resolve(done);
      },
      fail(error: Error) {
        open.delete(self);
        waiting?.reject(error);
      },
    };
    open.add(self);
    connection?.signal.addEventListener('abort', () => feed.leaves.push(connection.signal.reason as Leave), { once: true });
    return {
      next: () =>
        new Promise((resolve, reject) => {
          if (queue.length > 0) resolve({ value: queue.shift(), done: false });
          else if (open.has(self)) waiting = { resolve, reject };
          else resolve(done);
        }),
      return() {
        self.end();
        return Promise.resolve(done);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
  return { feed, subscribe };
}

/** Waits until `condition` holds; fails with what it was waiting for. */
export async function until(condition: () => boolean, what: string, withinMs = 5_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`Waited ${withinMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
