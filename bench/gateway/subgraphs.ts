/** The supergraph that everybody serves: people, whether they are online, and where they are signed in. The answers follow from the ids alone. */
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';

export type SubgraphName = 'users' | 'presence' | 'sessions';
export const subgraphNames: readonly SubgraphName[] = ['users', 'presence', 'sessions'];

/** How many a query lists. */
const pageSize = 20;

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
const numberOf = ({ id }: Key): number => Number(id.slice(-12));
const instant = (n: number): string => new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString();

export function idsFrom(from: number): readonly string[] {
  return Array.from({ length: pageSize }, (_, index) => idOf(from + index));
}

/** For `buildSubgraphSchema`. */
export const resolvers = {
  users: {
    Query: {
      users: (_: unknown, { from }: { from: number }) =>
        idsFrom(from).map((id) => {
          const n = numberOf({ id });
          return {
            id,
            username: `player_${n}`,
            displayName: n % 7 === 0 ? null : `Player “${n}” of the Lobby`,
            bio: 'Plays in the evening, writes “hello” & waits.',
            createdAt: instant(n),
          };
        }),
    },
  },
  presence: {
    User: {
      __resolveReference: (user: Key) => user,
      presence(user: Key) {
        const n = numberOf(user);
        const isOnline = n % 3 !== 0;
        return {
          availability: isOnline ? 'ONLINE' : 'OFFLINE',
          statusMessage: isOnline ? 'in the mood for a round' : null,
          lastSeenAt: instant(n + 10),
          version: n,
          activity: isOnline ? { kind: n % 2 === 0 ? 'IN_GAME' : 'LOBBY', gameId: 'chess', joinable: n % 2 === 0 } : null,
        };
      },
    },
  },
  sessions: {
    User: {
      __resolveReference: (user: Key) => user,
      sessions: (user: Key) =>
        ['Firefox on Linux', 'a telephone'].map((device, index) => ({
          id: `${user.id}-${index}`,
          device,
          startedAt: instant(numberOf(user) + index),
          lastSeenAt: instant(numberOf(user) + 10 * index),
          current: index === 0,
        })),
    },
  },
};

export function composeSupergraph(urls: Readonly<Record<SubgraphName, string>>): string {
  const result = composeServices(subgraphNames.map((name) => ({ name, url: urls[name], typeDefs: parse(typeDefs[name]) })));
  if (result.errors !== undefined) throw new Error(result.errors.map(({ message }) => message).join('\n'));
  return result.supergraphSdl;
}
