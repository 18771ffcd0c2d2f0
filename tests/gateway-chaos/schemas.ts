const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])`;

/** Nullable wherever another subgraph is asked, as a supergraph should be. */
export const typeDefs = {
  users: `${link}
    type Query { user(id: ID!): User users(ids: [ID!]!): [User] }
    type User @key(fields: "id") { id: ID! name: String }`,
  reviews: `${link}
    type Query { best: User }
    type User @key(fields: "id") { id: ID! stars: Int friend: User }`,
  ledger: `${link}
    type Mutation { enter(key: ID!, userId: ID!): Entry }
    type Query { fee: Int }
    type Entry { key: ID! user: User }
    type User @key(fields: "id") { id: ID! balance: Int }`,
};

export type Name = keyof typeof typeDefs;
export const names: readonly Name[] = ['users', 'reviews', 'ledger'];

/** What is right, whoever is asked for it. */
export const truth = {
  name: (id: string) => `User ${id}`,
  stars: (id: string) => Number(id) * 10,
  friend: (id: string) => String((Number(id) + 1) % 100),
  balance: (id: string) => Number(id) * 100,
};

/** How a subgraph answers. All but the first are faults; `executed` ones come after a mutation has been done. */
export const modes = [
  'well',
  'slow',
  'late',
  'garbage',
  'page',
  'truncated',
  'status 500',
  'status 502',
  'status 503',
  'lost before',
  'lost after',
  'huge',
] as const;
export type Mode = (typeof modes)[number];

/** Of one response, in the gateway of this test. */
export const maxResponseBytes = 100_000;
