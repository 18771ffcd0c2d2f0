import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '../shared/logging/logger.js';
import { compose } from '../tests/testkit/gateway/little-supergraph.js';
import { until } from '../tests/testkit/until.js';
import { openGateway } from '../tests/testkit/gateway/open-gateway.js';
import { createHttpDataSource } from './datasources/http/http-data-source.js';
import { createSupergraph, type Supergraph } from './supergraph/supergraph.js';
import type { Gateway } from './gateway.js';

const logger = createLogger({ name: 'test', level: 'silent' });

describe('The supergraph under load', () => {
  let folder: string;
  let path: string;
  let servers: Server[];
  let supergraph: Supergraph;
  let gateway: Gateway;
  let url: string;

  /** A subgraph of two root fields, which says where it is. */
  async function serve(name: string): Promise<string> {
    const server = createServer((request, response) => {
      request.resume().on('end', () => setTimeout(() => response.end(JSON.stringify({ data: { a: name, b: name } })), 2));
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  }

  async function replaceBy(sdl: string): Promise<void> {
    const before = supergraph.current();
    await writeFile(`${path}.new`, sdl);
    await rename(`${path}.new`, path);
    await until(() => supergraph.current() !== before, 'the new supergraph');
  }

  const sdl = (at: string, fields = 'a: String b: String') => compose([{ name: 'one', url: at, typeDefs: `type Query { ${fields} }` }]);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reload-'));
    path = join(folder, 'supergraph.graphql');
    servers = [];
  });
  afterEach(async () => {
    await gateway.close();
    await supergraph.close();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    await rm(folder, { recursive: true });
  });

  async function start(at: string): Promise<void> {
    await writeFile(path, sdl(at));
    supergraph = await createSupergraph({
      path,
      logger,
      pollIntervalMs: 10,
      // Loading a supergraph holds the process up, on a busy machine for several tenths of a second.
      operationTimeoutMs: 2_000,
      dataSource: (service) => createHttpDataSource({ ...service, secret: undefined, logger, timeoutMs: 5_000 }),
    });
    gateway = await openGateway({ supergraph });
    url = await gateway.listen();
  }

  it('is replaced ten times without one request that fails, and each new address is used from then on', async () => {
    const addresses = [await serve('first'), await serve('second')];
    await start(addresses[0] ?? '');
    let isOver = false;
    let answered = 0;
    const failures: string[] = [];
    const client = async (): Promise<void> => {
      while (!isOver) {
        const response = await fetch(`${url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"query":"{ a }"}',
        });
        const text = await response.text();
        answered += 1;
        if (!/^\{"data":\{"a":"(first|second)"\}\}/.test(text)) failures.push(`${response.status} ${text}`);
      }
    };
    const clients = Array.from({ length: 8 }, client);
    for (let n = 1; n <= 10; n++) {
      const before = answered;
      await replaceBy(sdl(addresses[n % 2] ?? '', n % 3 === 0 ? 'a: String' : 'a: String b: String'));
      const response = await fetch(`${url}/graphql?query={a}`, { headers: { 'apollo-require-preflight': 'yes' } });
      expect(await response.json()).toEqual({ data: { a: n % 2 === 0 ? 'first' : 'second' } });
      await until(() => answered > before + 20, 'some load');
    }
    isOver = true;
    await Promise.all(clients);
    expect(failures).toEqual([]);
  });
});
