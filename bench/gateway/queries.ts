/** What is asked: real shapes over one, two and three subgraphs. `$from` differs from request to request, so that nobody answers two of them with one. */
import { starts, type SubgraphName } from './subgraphs.js';

/** A fetch of entities that a gateway must plan, as a client would write it. */
interface EntityFetch {
  readonly subgraph: SubgraphName;
  readonly query: string;
}

export interface BenchQuery {
  readonly name: string;
  readonly query: string;
  /** What the subgraph of the users is asked, and then, at the same time, what the others are. */
  readonly users: string;
  readonly entities: readonly EntityFetch[];
}

const entities = (fields: string): string =>
  `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on User { ${fields} } } }`;
const presence = 'presence { availability statusMessage lastSeenAt version activity { kind gameId joinable } }';
const sessions = 'sessions { id device startedAt lastSeenAt current }';
const people = (fields: string): string => `query People($from: Int!) { users(from: $from) { ${fields} } }`;
const profile = 'id username displayName bio createdAt';

export const queries: readonly BenchQuery[] = [
  { name: 'one subgraph', query: people(profile), users: people(profile), entities: [] },
  {
    name: 'two subgraphs',
    query: people(`id username displayName ${presence}`),
    users: people('id username displayName'),
    entities: [{ subgraph: 'presence', query: entities(presence) }],
  },
  {
    name: 'three subgraphs',
    query: people(`id username displayName ${presence} ${sessions}`),
    users: people('id username displayName'),
    entities: [
      { subgraph: 'presence', query: entities(presence) },
      { subgraph: 'sessions', query: entities(sessions) },
    ],
  },
];

/** Every body that is sent for a query, one per start. */
export function bodiesOf(query: string): readonly string[] {
  return Array.from({ length: starts }, (_, from) => JSON.stringify({ query, variables: { from } }));
}
