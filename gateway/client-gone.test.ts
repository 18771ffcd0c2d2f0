import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '../shared/logging/logger.js';
import { compose } from '../tests/testkit/gateway/little-supergraph.js';
import { until } from '../tests/testkit/until.js';
import { openGateway } from '../tests/testkit/gateway/open-gateway.js';
import { openInitialisedSocket } from '../tests/testkit/gateway/socket.js';
import { createHttpDataSource } from './datasources/http/http-data-source.js';
import type { FetchReport } from './datasources/on-fetch.js';
import { createSupergraph, type Supergraph } from './supergraph/supergraph.js';
import type { Gateway } from './gateway.js';

const logger = createLogger({ name: 'test', level: 'silent' });

describe('SECURITY 35: a request to a subgraph that never answers', () => {
  let folder: string;
  let subgraph: Server;
  let supergraph: Supergraph;
  let gateway: Gateway;
  let url: string;
  let [arrived, aborted] = [0, 0];
  const reports: FetchReport[] = [];

  beforeEach(async () => {
    [arrived, aborted] = [0, 0];
    reports.length = 0;
    folder = await mkdtemp(join(tmpdir(), 'client-gone-'));
    subgraph = createServer((_request, response) => {
      arrived += 1;
      response.on('close', () => (aborted += 1));
    }).listen(0, '127.0.0.1');
    await once(subgraph, 'listening');
    const at = `http://127.0.0.1:${(subgraph.address() as AddressInfo).port}/graphql`;
    const path = join(folder, 'supergraph.graphql');
    await writeFile(path, compose([{ name: 'one', url: at, typeDefs: 'type Query { a: String } type Mutation { b: String }' }]));
    supergraph = await createSupergraph({
      path,
      logger,
      dataSource: (service) =>
        createHttpDataSource({ ...service, secret: undefined, logger, timeoutMs: 60_000, onFetch: (report) => reports.push(report) }),
    });
    gateway = await openGateway({ supergraph });
    url = await gateway.listen();
  });
  afterEach(async () => {
    await gateway.close();
    await supergraph.close();
    subgraph.closeAllConnections();
    subgraph.close();
    await rm(folder, { recursive: true });
  });

  it.each(['{ a }', 'mutation { b }'])('is aborted when the client of %s hangs up', async (query) => {
    const request = httpRequest(`${url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' } });
    request.on('error', () => undefined).end(JSON.stringify({ query }));
    await until(() => arrived === 1, 'the request');
    request.destroy();
    await until(() => aborted === 1, 'the abort');
    expect(reports).toMatchObject([{ subgraph: 'one', outcome: 'left', retries: 0 }]);
  });

  it('is aborted when the client of a socket leaves, or wants its operation no more', async () => {
    const socket = await openInitialisedSocket(url);
    for (const id of ['1', '2']) socket.send({ id, type: 'subscribe', payload: { query: '{ a }' } });
    await until(() => arrived === 2, 'the requests');
    socket.send({ id: '1', type: 'complete' });
    await until(() => aborted === 1, 'the first abort');
    socket.ws.close();
    await until(() => aborted === 2, 'the second abort');
    expect(reports.map(({ outcome }) => outcome)).toEqual(['left', 'left']);
  });
});
