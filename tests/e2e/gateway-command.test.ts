import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { readConfigFile } from '../../gateway/config/file/read-config-file.js';
import { projectRoot } from '../../shared/config/project-root.js';
import { startForeignSubgraph, type ForeignSubgraph } from '../testkit/gateway/foreign-subgraph.js';
import { post } from '../testkit/product/graphql-client.js';
import { compose } from '../testkit/gateway/little-supergraph.js';
import { freePort } from '../testkit/services/free-ports.js';
import { openInitialisedSocket, openSocket } from '../testkit/gateway/socket.js';

const binary = join(projectRoot, 'tools', 'galaxia-gateway.mjs');
const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])`;
const issuer = 'https://id.example/';

describe('galaxia-gateway', () => {
  let folder: string;
  let keys: Server;
  let key: CryptoKey;
  let products: ForeignSubgraph;
  let stock: ForeignSubgraph;
  let gateway: ChildProcess;
  let url: string;

  const write = (name: string, source: string): void => writeFileSync(join(folder, name), source);
  const run = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [binary, ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
    });
    return { status, output: stdout + stderr };
  };
  const token = (claims = {}) =>
    new SignJWT({ iss: issuer, aud: 'shop', sub: 'u1', preferred_username: 'ada', ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(key);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'galaxia-'));
    const pair = await generateKeyPair('ES256');
    key = pair.privateKey;
    const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'ES256' }] });
    keys = createServer((_request, response) => response.setHeader('content-type', 'application/json').end(jwks));
    await once(keys.listen(0, '127.0.0.1'), 'listening');
    const address = keys.address();
    const keysPort = typeof address === 'object' && address !== null ? address.port : 0;
    products = await startForeignSubgraph(
      'products',
      `${link} type Query { product: Product } type Product @key(fields: "id") { id: ID! }`,
      { Query: { product: () => ({ id: '7' }) } },
    );
    stock = await startForeignSubgraph(
      'stock',
      `${link} type Product @key(fields: "id") { id: ID! inStock: Int } type Subscription { ticks: Int }`,
      {
        Product: { __resolveReference: (product: object) => product, inStock: () => 3 },
        Subscription: {
          ticks: {
            async *subscribe() {
              yield await Promise.resolve({ ticks: 1 });
            },
          },
        },
      },
    );
    const elsewhere = { ...stock, url: 'http://127.0.0.1:1/graphql' };
    write('supergraph.graphql', compose([products, elsewhere]));
    const port = await freePort();
    url = `http://127.0.0.1:${String(port)}`;
    write(
      'galaxia-gateway.yaml',
      `supergraph: supergraph.graphql
port: 1
limits: { maxAliases: 1 }
jwt: { jwksUrl: "http://127.0.0.1:${keysPort}/", issuer: "${issuer}", audience: shop }
headers: { forward: [X-Tenant], set: { x-key: "\${API_KEY}" } }
subgraphs:
  stock:
    # It takes requests anywhere, and sockets at /graphql alone.
    url: "${new URL('/elsewhere', stock.url).href}"
    subscriptions: { url: "${stock.url}" }
    headers: { forward: [x-trial] }
`,
    );
    gateway = spawn(process.execPath, [binary, '--port', String(port)], {
      cwd: folder,
      env: { PATH: process.env.PATH, API_KEY: 'the key' },
      stdio: 'ignore',
    });
    const deadline = Date.now() + 30_000;
    const isReady = () =>
      fetch(`${url}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    while (!(await isReady())) {
      if (gateway.exitCode !== null || Date.now() > deadline) throw new Error('the gateway did not start');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }, 60_000);

  afterAll(async () => {
    gateway.kill();
    if (gateway.exitCode === null) await once(gateway, 'exit');
    await Promise.all([products.stop(), stock.stop()]);
    keys.close();
    rmSync(folder, { recursive: true });
  });

  it('says all that is wrong, with line and subgraph, and starts nothing', () => {
    write('bad.yaml', 'supergraph: supergraph.graphql\nsubgraphs:\n  stok: {}\n');
    expect(run('--config', 'bad.yaml', '--check')).toEqual({
      status: 1,
      output: expect.stringContaining('bad.yaml:3:9: subgraphs.stok: the supergraph has no subgraph of this name; did you mean "stock"?'),
    });
    write('broken.graphql', 'schema {\n  query: \n');
    expect(run('--supergraph', 'broken.graphql', '--config', 'bad.yaml', '--check')).toMatchObject({
      status: 1,
      output: expect.stringMatching(/broken\.graphql cannot be used: line \d/),
    });
    write('no-url.graphql', readFileSync(join(folder, 'supergraph.graphql'), 'utf8').replace(products.url, ''));
    write('empty.yaml', '');
    expect(run('--supergraph', 'no-url.graphql', '--config', 'empty.yaml')).toMatchObject({
      status: 1,
      output: expect.stringMatching(/subgraph "products" .*subgraphs\.products\.url/),
    });
    expect(run('--portt')).toMatchObject({ status: 2, output: expect.stringContaining('did you mean --port?') });
  }, 20_000);

  it('says of a good configuration where its subgraphs are', () => {
    write('good.yaml', `supergraph: supergraph.graphql\nsubgraphs: { stock: { url: "${stock.url}" } }\n`);
    const { status, output } = run('--config', 'good.yaml', '--check');
    expect(output).toContain(`stock  ${stock.url}`);
    expect(status).toBe(0);
  });

  it('refuses tokens that the issuer has not signed, on HTTP and on sockets', async () => {
    for (const bad of [await token({ iss: 'https://evil.example/' }), await token({ aud: 'mail' }), 'a.b.c']) {
      const answer = await post(url, { query: '{ product { id } }', token: bad });
      expect(answer.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
      const socket = await openSocket(url);
      socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${bad}` } });
      expect(await socket.closed()).toMatchObject({ code: 4403 });
    }
  });

  it('tells subgraphs who asks, the headers that are forwarded to them, and those that are set', async () => {
    const headers = { 'x-tenant': 't1', 'x-trial': 'b', 'x-other': 'o', 'x-user-id': 'root', 'x-key': 'mine' };
    const { data } = await post(url, { query: '{ product { inStock } }', token: await token(), headers });
    expect(data).toEqual({ product: { inStock: 3 } });
    const told = { 'x-user-id': 'u1', 'x-user-name': 'ada', 'x-tenant': 't1', 'x-key': 'the key' };
    expect(products.received.at(-1)).toMatchObject(told);
    expect(products.received.at(-1)).not.toHaveProperty('x-trial');
    expect(stock.received.at(-1)).toMatchObject({ ...told, 'x-trial': 'b' });
    expect(stock.received.at(-1)).not.toHaveProperty('x-other');
  });

  it('runs subscriptions where the file says that they are', async () => {
    const socket = await openInitialisedSocket(url, await token());
    socket.send({ type: 'subscribe', id: '1', payload: { query: 'subscription { ticks }' } });
    expect(await socket.next()).toMatchObject({ type: 'next', payload: { data: { ticks: 1 } } });
    expect(await socket.next()).toMatchObject({ type: 'complete' });
    socket.ws.close(1000);
  });

  it('keeps to the limits of the file', async () => {
    expect((await post(url, { query: '{ a: product { id } }' })).errors).toEqual([]);
    const { errors } = await post(url, { query: '{ a: product { id } b: product { id } }' });
    expect(errors).toMatchObject([{ extensions: { code: 'OPERATION_TOO_COMPLEX' } }]);
  });

  it('is configured by the example of its guide', () => {
    const guide = readFileSync(join(projectRoot, 'docs', 'gateway-only.md'), 'utf8');
    const [, example = ''] = /^```yaml\n(.*?)^```/ms.exec(guide) ?? [];
    const { variables, subgraphs } = readConfigFile('guide.yaml', example, { environment: { API_KEY: 'k' }, folder });
    expect(variables).toMatchObject({ MAX_DEPTH: '12', JWT_AUDIENCE: 'my-api' });
    expect(subgraphs.reviews?.timeoutMs).toBe(2000);
  });
});
