/**
 * The limit: a gateway by hand for the benchmark's queries and no others. It has no schema, checks nothing and knows each plan already; it
 * reads a request, asks the subgraphs, joins by id and writes the answer. `tsx relay.ts <port>`, with the subgraphs' URLs as `SUBGRAPHS`.
 */
import { createServer } from 'node:http';
import { Pool } from 'undici';
import { queries, type BenchQuery } from './queries.js';
import type { SubgraphName } from './subgraphs.js';

interface User {
  readonly id: string;
}

const urls = JSON.parse(process.env.SUBGRAPHS ?? '{}') as Readonly<Record<SubgraphName, string>>;
const pools = new Map(Object.entries(urls).map(([name, url]) => [name, new Pool(new URL(url).origin, { connections: 128 })]));
const known = new Map(queries.map((query) => [query.query, query]));

async function ask<Data>(subgraph: SubgraphName, query: string, variables: object): Promise<Data> {
  const pool = pools.get(subgraph);
  if (pool === undefined) throw new Error(`no subgraph ${subgraph}`);
  const { body } = await pool.request({
    path: '/graphql',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return (JSON.parse(await body.text()) as { data: Data }).data;
}

async function run({ users, entities }: BenchQuery, variables: object): Promise<object> {
  const data = await ask<{ users: User[] }>('users', users, variables);
  const representations = entities.length === 0 ? [] : data.users.map(({ id }) => ({ __typename: 'User', id }));
  const found = await Promise.all(
    entities.map(({ subgraph, query }) => ask<{ _entities: object[] }>(subgraph, query, { representations })),
  );
  for (const { _entities } of found) {
    for (let index = 0; index < data.users.length; index += 1) Object.assign(data.users[index] ?? {}, _entities[index]);
  }
  return data;
}

const server = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => (text += chunk));
  request.on('end', () => {
    const { query, variables } = JSON.parse(text) as { query: string; variables: object };
    const asked = known.get(query);
    if (asked === undefined) {
      response.writeHead(400).end();
      return;
    }
    void run(asked, variables).then((data) => {
      const body = Buffer.from(JSON.stringify({ data }));
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
    });
  });
});
server.keepAliveTimeout = 600_000;
server.listen(Number(process.argv[2]), '127.0.0.1');
