import { buildSubgraphSchema } from '@apollo/subgraph';
import { GraphQLScalarType, parse } from 'graphql';
import { AppError, unauthenticated } from '../../../shared/errors/app-error.js';
import { declareSharing, type Audience, type SharingRules } from '../../../shared/graphql/sharing/sharing.js';
import type { Subgraph, SubgraphHeaders, SubscriptionConnection } from '../../../shared/graphql/subgraph.js';
import { createFeed, endless } from './little-feed.js';

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

const user = (id: string) => ({ __typename: 'User', id });

const typeDefs = {
  accounts: `${link}
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
    type User @key(fields: "id") { id: ID! name(loud: Boolean): String tokenSeen: String secret: String followers(first: Int): [User!]! }`,
  reviews: `${link}
    type User @key(fields: "id") { id: ID! stars: Int bestFriend: User refused: String faulty: String }`,
  feed: `${link}
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
    type User @key(fields: "id") { id: ID! }`,
};

const accounts: Resolvers = {
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
};

const reviews: Resolvers = {
  User: {
    __resolveReference: ({ id }: { id: string }) => user(id),
    stars: ({ id }: { id: string }) => Number(id) * 10,
    bestFriend: ({ id }: { id: string }) => user(String(Number(id) + 1)),
    refused: () => Promise.reject(new AppError('FORBIDDEN', 'Not yours.')),
    faulty: () => Promise.reject(new Error('password of 10.0.0.7 is hunter2')),
  },
};

function feedResolvers({ feed, subscribe }: ReturnType<typeof createFeed>): Resolvers {
  return {
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
  };
}

const rules: Record<string, SharingRules<LittleContext>> = {
  accounts: {
    User: { id: 'everyone', name: 'everyone', secret: ({ id }) => Promise.resolve<Audience>(isOpen(id) ? 'everyone' : 'asker') },
  },
  reviews: { User: { id: 'everyone', stars: 'everyone', bestFriend: 'everyone', refused: 'everyone', faulty: 'everyone' } },
};

/** Three subgraphs with everything that makes federated subscriptions hard. What they receive goes into `received`. */
export function createLittleSubgraphs(received: Received[]) {
  const { feed, subscribe } = createFeed();
  const resolvers: Record<string, Resolvers> = { accounts, reviews, feed: feedResolvers({ feed, subscribe }) };
  const subgraphs = Object.entries(typeDefs).map(([name, sdl]) => {
    const schema = buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: resolvers[name] ?? {} }]);
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
    return { subgraph, typeDefs: sdl };
  });
  return { feed, subgraphs };
}

function isOpen(id: string): boolean {
  return Number(id) % 2 === 0;
}
