/** A subgraph that answers as badly as it is told to. `tsx subgraph-child.ts <name> <port> <ledger file>`; modes come as IPC messages. */
import { appendFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';
import { maxResponseBytes, truth, typeDefs, type Mode, type Name } from './schemas.js';

const [name, port, ledger = ''] = process.argv.slice(2);
const user = ({ id }: { id: string }) => ({ __typename: 'User', id });
const __resolveReference = user;
const resolvers = {
  users: {
    Query: {
      user: (_: unknown, { id }: { id: string }) => user({ id }),
      users: (_: unknown, { ids }: { ids: string[] }) => ids.map((id) => user({ id })),
    },
    User: { __resolveReference, name: ({ id }: { id: string }) => truth.name(id) },
  },
  reviews: {
    Query: { best: () => user({ id: '7' }) },
    User: {
      __resolveReference,
      stars: ({ id }: { id: string }) => truth.stars(id),
      friend: ({ id }: { id: string }) => user({ id: truth.friend(id) }),
    },
  },
  ledger: {
    Query: { fee: () => 3 },
    Mutation: {
      enter(_: unknown, { key, userId }: { key: string; userId: string }) {
        // Before the answer, and for good: whoever kills this process finds it in the file.
        appendFileSync(ledger, `${key}\n`);
        return { key, user: user({ id: userId }) };
      },
    },
    User: { __resolveReference, balance: ({ id }: { id: string }) => truth.balance(id) },
  },
};

const own = name as Name;
const schema = buildSubgraphSchema([{ typeDefs: parse(typeDefs[own]), resolvers: resolvers[own] }]);
let mode: Mode = 'well';
process.on('message', (next: Mode) => (mode = next));
// The test is gone.
process.on('disconnect', () => process.exit(0));

function respond(response: ServerResponse, text: string, as: Mode): void {
  const json = (status: number): ServerResponse => response.writeHead(status, { 'content-type': 'application/json' });
  switch (as) {
    case 'well':
    case 'lost before':
      json(200).end(text);
      return;
    case 'slow':
      setTimeout(() => json(200).end(text), 50);
      return;
    case 'late':
      setTimeout(() => json(200).end(text), 1_000);
      return;
    case 'garbage':
      json(200).end(text.replace(/[:,]/g, '<'));
      return;
    case 'page':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>It works!');
      return;
    case 'truncated':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
      response.write(text.slice(0, -5), () => response.socket?.destroy());
      return;
    case 'status 500':
    case 'status 502':
    case 'status 503':
      response.writeHead(Number(as.slice(-3)), { 'content-type': 'text/html' }).end('<html>internal stack at /srv/app.js');
      return;
    case 'lost after':
      response.socket?.destroy();
      return;
    case 'huge':
      json(200).end(`${text.slice(0, -1)}${' '.repeat(maxResponseBytes)}}`);
      return;
  }
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const as = mode;
    if (as === 'lost before') {
      request.socket.destroy();
      return;
    }
    const { query, variables } = JSON.parse(Buffer.concat(chunks).toString()) as { query: string; variables?: Record<string, unknown> };
    void graphql({ schema, source: query, variableValues: variables ?? null }).then((result) =>
      respond(response, JSON.stringify(result), as),
    );
  });
});
server.listen(Number(port), '127.0.0.1', () => process.send?.('ready'));
