/** The supergraph that everybody serves: people, whether they are online, and where they are signed in. The answers follow from the ids alone. */
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';

export type SubgraphName = 'users' | 'presence' | 'sessions';
export const subgraphNames: readonly SubgraphName[] = ['users', 'presence', 'sessions'];

/** How many a query lists, and from how many places on. */
const pageSize = 20;
export const starts = 256;

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])';

export const typeDefs: Readonly<Record<SubgraphName, string>> = {
  users: `${link}
    type Query { users(from: Int!): [User!]! }
    type User @key(fields: "id") { id: ID! username: String! displayName: String bio: String createdAt: String! }`,
  presence: `${link}
    type User @key(fields: "id") { id: ID! presence: Presence }
    enum Availability { ONLINE AWAY BUSY OFFLINE }
    enum ActivityKind { NONE LOBBY IN_GAME }
    type Activity { kind: ActivityKind! gameId: String joinable: Boolean! }
    type Presence { availability: Availability! statusMessage: String lastSeenAt: String version: Int! activity: Activity }`,
  sessions: `${link}
    type User @key(fields: "id") { id: ID! sessions: [Session!] }
    type Session { id: ID! device: String startedAt: String! lastSeenAt: String! current: Boolean! }`,
};

interface Key {
  readonly id: string;
}

const idOf = (n: number): string => `0199c0de-0000-7000-8000-${String(n).padStart(12, '0')}`;
const instant = (n: number): string => new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString();

export function idsFrom(from: number): readonly string[] {
  return Array.from({ length: pageSize }, (_, index) => idOf(from + index));
}

/** Everybody who is ever listed. Made beforehand: what a resolver takes to think of an answer is not what is measured. */
const people = Array.from({ length: starts + pageSize }, (_, n) => {
  const id = idOf(n);
  const isOnline = n % 3 !== 0;
  const activity = isOnline ? { kind: n % 2 === 0 ? 'IN_GAME' : 'LOBBY', gameId: 'chess', joinable: n % 2 === 0 } : null;
  return {
    id,
    username: `player_${n}`,
    displayName: n % 7 === 0 ? null : `Player “${n}” of the Lobby`,
    bio: 'Plays in the evening, writes “hello” & waits.',
    createdAt: instant(n),
    presence: {
      availability: isOnline ? 'ONLINE' : 'OFFLINE',
      statusMessage: isOnline ? 'in the mood for a round' : null,
      lastSeenAt: instant(n + 10),
      version: n,
      activity,
    },
    sessions: ['Firefox on Linux', 'a telephone'].map((device, index) => ({
      id: `${id}-${index}`,
      device,
      startedAt: instant(n + index),
      lastSeenAt: instant(n + 10 * index),
      current: index === 0,
    })),
  };
});
const peopleById = new Map(people.map((person) => [person.id, person]));

/** For `buildSubgraphSchema`. */
export const resolvers = {
  users: { Query: { users: (_: unknown, { from }: { from: number }) => people.slice(from, from + pageSize) } },
  presence: {
    User: { __resolveReference: (user: Key) => user, presence: ({ id }: Key) => peopleById.get(id)?.presence },
  },
  sessions: {
    User: { __resolveReference: (user: Key) => user, sessions: ({ id }: Key) => peopleById.get(id)?.sessions },
  },
};

export function composeSupergraph(urls: Readonly<Record<SubgraphName, string>>): string {
  const result = composeServices(subgraphNames.map((name) => ({ name, url: urls[name], typeDefs: parse(typeDefs[name]) })));
  if (result.errors !== undefined) throw new Error(result.errors.map(({ message }) => message).join('\n'));
  return result.supergraphSdl;
}
