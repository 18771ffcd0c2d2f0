/**
 * A subgraph that is never the bottleneck, as a process of its own: it runs each request that it sees for the first time through graphql-js,
 * whatever a planner has written, and answers the same bytes from memory from then on. `tsx subgraph.ts <name> <port>`, with what it says in
 * `cache-control` in CACHE_CONTROL.
 */
import { createServer } from 'node:http';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';
import { resolvers, subgraphNames, typeDefs } from './subgraphs.js';

interface Asked {
  readonly query: string;
  readonly operationName?: string | null;
  readonly variables?: Readonly<Record<string, unknown>>;
}

const name = subgraphNames.find((each) => each === process.argv[2]);
if (name === undefined) throw new Error(`no subgraph ${String(process.argv[2])}`);
const schema = buildSubgraphSchema({ typeDefs: parse(typeDefs[name]), resolvers: { ...resolvers[name] } });
const answers = new Map<string, Buffer>();
const caching = process.env.CACHE_CONTROL === undefined ? {} : { 'cache-control': process.env.CACHE_CONTROL };

async function answer(body: string): Promise<Buffer> {
  const known = answers.get(body);
  if (known !== undefined) return known;
  const { query, operationName, variables } = JSON.parse(body) as Asked;
  const result = await graphql({ schema, source: query, operationName: operationName ?? null, variableValues: variables ?? {} });
  const bytes = Buffer.from(JSON.stringify(result));
  answers.set(body, bytes);
  return bytes;
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    void answer(Buffer.concat(chunks).toString('latin1')).then((bytes) =>
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length, ...caching }).end(bytes),
    );
  });
});
server.keepAliveTimeout = 600_000;
server.listen(Number(process.argv[3]), '127.0.0.1');
