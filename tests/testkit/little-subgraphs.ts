import { buildSubgraphSchema } from '@apollo/subgraph';
import { GraphQLScalarType, parse } from 'graphql';
import { AppError, unauthenticated } from '../../shared/errors/app-error.js';
import { declareSharing, type Audience, type SharingRules } from '../../shared/graphql/sharing/sharing.js';
import type { Leave, Subgraph, SubgraphHeaders, SubscriptionConnection } from '../../shared/graphql/subgraph.js';

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])`;

interface LittleContext {
  readonly headers: SubgraphHeaders;
  readonly connection: SubscriptionConnection | undefined;
}

export interface Received {
  readonly subgraph: string;
  readonly headers: SubgraphHeaders;
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

/** Three subgraphs with everything that makes federated subscriptions hard. What they receive goes into `received`. */
export function createLittleSubgraphs(received: Received[]) {
  const { feed, subscribe } = createFeed();
  const user = (id: string) => ({ __typename: 'User', id });
  const accounts = `${link}
    scalar Instant
    scalar Anything
    type Query {
      user(id: ID!): User
      users(ids: [ID!]!): [User!]!
      page(first: Int, last: Int): [User!]!
      instant: Instant
      anything(value: Anything): Anything
      forbidden: String
      broken: String
      nothing: String!
      slow: String
    }
    type Mutation { greet(name: String!): String! }
    type User @key(fields: "id") { id: ID! name(loud: Boolean): String tokenSeen: String secret: String followers(first: Int): [User!]! }`;
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
        // However many are asked for.
        page: () => [user('1')],
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
        followers: () => [user('1')],
        tokenSeen: (_: unknown, __: unknown, { headers }: LittleContext) => headers.authorization ?? null,
        // Of users with an odd id a secret for "Bearer friend", of others nobody's in particular.
        secret: ({ id }: { id: string }, __: unknown, { headers }: LittleContext) =>
          isOpen(id) || headers.authorization === 'Bearer friend' ? `secret of ${id}` : null,
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

  const rules: Record<string, SharingRules<LittleContext>> = {
    accounts: {
      User: { id: 'everyone', name: 'everyone', secret: ({ id }) => Promise.resolve<Audience>(isOpen(id) ? 'everyone' : 'asker') },
    },
    reviews: { User: { id: 'everyone', stars: 'everyone', bestFriend: 'everyone', refused: 'everyone', faulty: 'everyone' } },
  };
  const subgraphs = Object.entries({ accounts, reviews, feed: feedDefs }).map(([name, typeDefs]) => {
    const schema = buildSubgraphSchema([{ typeDefs: parse(typeDefs), resolvers: resolvers[name] ?? {} }]);
    const subgraph: Subgraph<LittleContext> = {
      name,
      schema,
      sharing: declareSharing(schema, rules[name] ?? {}),
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

function isOpen(id: string): boolean {
  return Number(id) % 2 === 0;
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
