import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeServices } from '@apollo/composition';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GraphQLError, parse } from 'graphql';
import { startForeignSubgraph, type ForeignSubgraph } from '../testkit/gateway/foreign-subgraph.js';
import { post } from '../testkit/product/graphql-client.js';
import { freePort } from '../testkit/services/free-ports.js';
import { startProcess, type ProductProcess } from '../testkit/services/process.js';
import { openInitialisedSocket } from '../testkit/gateway/socket.js';

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])`;

describe('The gateway alone, with SUPERGRAPH_PATH, PORT and HOST', () => {
  let folder: string;
  let products: ForeignSubgraph;
  let stock: ForeignSubgraph;
  let gateway: ProductProcess;
  let url: string;
  const path = () => join(folder, 'supergraph.graphql');

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'galaxia-'));
    products = await startForeignSubgraph(
      'products',
      `${link}
      type Query { product(id: ID!): Product }
      type Product @key(fields: "id") { id: ID! name: String! reserved: Boolean secret: Boolean }`,
      {
        Query: { product: (_: unknown, { id }: { id: string }) => ({ id, name: `Product ${id}` }) },
        Product: {
          __resolveReference: ({ id }: { id: string }) => ({ id, name: `Product ${id}` }),
          reserved() {
            throw new GraphQLError('It is sold out.', { extensions: { code: 'SOLD_OUT', supplier: 'internal' } });
          },
          secret() {
            throw new Error('the password of the database is hunter2');
          },
        },
      },
    );
    stock = await startForeignSubgraph(
      'stock',
      `${link}
      type Subscription { restocked: Product }
      type Product @key(fields: "id") { id: ID! inStock: Int }`,
      {
        Product: { inStock: ({ id }: { id: string }) => Number(id) * 10, __resolveReference: ({ id }: { id: string }) => ({ id }) },
        Subscription: {
          restocked: {
            async *subscribe() {
              yield await Promise.resolve({ restocked: { id: '1' } });
              yield { restocked: { id: '2' } };
            },
          },
        },
      },
    );
    await writeFile(path(), compose([products, stock]));
    const port = await freePort();
    url = `http://127.0.0.1:${String(port)}`;
    gateway = startProcess('gateway/main.js', { SUPERGRAPH_PATH: path(), PORT: String(port), HOST: '127.0.0.1' });
    await gateway.untilReady(`${url}/health/ready`);
  }, 30_000);

  afterAll(async () => {
    await gateway.stop();
    await Promise.all([products.stop(), stock.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  it('answers an operation over both subgraphs', async () => {
    const answer = await post(url, { query: '{ product(id: "7") { name inStock } }' });
    expect(answer.data).toEqual({ product: { name: 'Product 7', inStock: 70 } });
  });

  it('shows what a subgraph says with a code of its own, and nothing of its faults', async () => {
    const answer = await post(url, { query: '{ product(id: "7") { name reserved secret } }' });
    expect(answer.data).toEqual({ product: { name: 'Product 7', reserved: null, secret: null } });
    expect(answer.errors).toMatchObject([
      { message: 'It is sold out.', path: ['product', 'reserved'], extensions: { code: 'SOLD_OUT' } },
      { path: ['product', 'secret'], extensions: { code: 'INTERNAL_SERVER_ERROR' } },
    ]);
    expect(JSON.stringify(answer.errors)).not.toMatch(/hunter2|supplier|127\.0\.0\.1/);
  });

  it('passes the caller’s own token on, and no identity that the caller made up', async () => {
    await post(url, {
      query: '{ product(id: "8") { name } }',
      token: 'some.foreign.token',
      headers: { 'x-user-id': 'root', 'x-user-name': 'root' },
    });
    const headers = products.received.at(-1);
    expect(headers).toMatchObject({ authorization: 'Bearer some.foreign.token' });
    expect(headers).not.toHaveProperty('x-user-id');
    expect(headers).not.toHaveProperty('x-user-name');
  });

  it('runs a subscription whose selection reaches into the other subgraph, and leaves no socket behind', async () => {
    const socket = await openInitialisedSocket(url);
    socket.send({ type: 'subscribe', id: '1', payload: { query: 'subscription { restocked { id inStock name } }' } });
    expect(await socket.next()).toMatchObject({
      type: 'next',
      payload: { data: { restocked: { id: '1', inStock: 10, name: 'Product 1' } } },
    });
    expect(await socket.next()).toMatchObject({
      type: 'next',
      payload: { data: { restocked: { id: '2', inStock: 20, name: 'Product 2' } } },
    });
    expect(await socket.next()).toMatchObject({ type: 'complete', id: '1' });
    socket.ws.close(1000);
    const deadline = Date.now() + 5_000;
    while (stock.openSockets() > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(stock.openSockets()).toBe(0);
  });

  it('keeps the old supergraph when the new file is bad, and takes a good one without a restart', async () => {
    await writeFile(path(), 'this is no supergraph');
    expect((await post(url, { query: '{ product(id: "9") { name } }' })).data).toEqual({ product: { name: 'Product 9' } });
    const next = join(folder, 'next.graphql');
    await writeFile(next, compose([products]));
    await rename(next, path());
    const deadline = Date.now() + 10_000;
    let status = 200;
    while (status === 200 && Date.now() < deadline) {
      ({ status } = await post(url, { query: '{ product(id: "9") { name inStock } }' }));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(status).toBe(400);
    expect((await post(url, { query: '{ product(id: "9") { name } }' })).data).toEqual({ product: { name: 'Product 9' } });
  }, 20_000);
});

function compose(subgraphs: readonly ForeignSubgraph[]): string {
  const result = composeServices(subgraphs.map(({ name, url, typeDefs }) => ({ name, url, typeDefs: parse(typeDefs) })));
  if (result.errors !== undefined) throw new AggregateError(result.errors, 'the test supergraph does not compose');
  return result.supergraphSdl;
}
