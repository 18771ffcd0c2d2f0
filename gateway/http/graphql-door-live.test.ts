import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../shared/logging/logger.js';
import { answeringSource } from '../../tests/testkit/answering-source.js';
import { compose, until } from '../../tests/testkit/little-supergraph.js';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { Caller, SubgraphDataSource } from '../datasources/subgraph-data-source.js';
import type { WireResult } from '../datasources/wire.js';
import { createSupergraph, type Supergraph } from '../supergraph/supergraph.js';
import { createOperationPolicy } from '../policy/operation-policy.js';
import { createGraphqlDoor, type GraphqlDoor } from './graphql-door.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const first = compose([{ name: 'one', url: 'http://one.test', typeDefs: 'type Query { old(value: Any): String } scalar Any' }]);
const second = compose([{ name: 'one', url: 'http://one.test', typeDefs: 'type Query { young: String }' }]);

/** What subgraphs were asked, and how to let them answer. */
let viewer: Viewer | null;
let asked: { readonly caller: Caller; answer(result: WireResult): void }[] = [];
let folder: string;
let supergraph: Supergraph;
let door: GraphqlDoor;
let server: Server;
let url: string;

function dataSource(): SubgraphDataSource {
  return answeringSource((_request, caller) => new Promise((answer) => asked.push({ caller, answer })));
}

beforeEach(async () => {
  asked = [];
  viewer = null;
  folder = await mkdtemp(join(tmpdir(), 'door-'));
  await writeFile(join(folder, 'supergraph.graphql'), first);
  supergraph = await createSupergraph({ path: join(folder, 'supergraph.graphql'), dataSource, logger, pollIntervalMs: 10 });
  door = createGraphqlDoor({
    supergraph,
    authenticate: ({ requestId }) => Promise.resolve({ viewer, subgraphHeaders: { 'x-request-id': requestId } }),
    policy: createOperationPolicy(),
    trustsProxy: () => false,
    corsOrigins: [],
    logger,
  });
  server = createServer((request, response) => void door.handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/graphql`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await supergraph.close();
  await rm(folder, { recursive: true });
});

function ask(query: string, rest = '', signal?: AbortSignal): Promise<Response> {
  const body = `{"query":${JSON.stringify(query)}${rest}}`;
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, ...(signal === undefined ? {} : { signal }) });
}

const somebody: Viewer = { userId: 'u', username: 'U', sessionId: 's', roles: [], authenticatedAt: 0, expiresAt: 0 };
const revoked = { message: 'Your session has ended.', extensions: { code: 'UNAUTHENTICATED' } };

describe('A token that a subgraph does not take any more', () => {
  async function answerWith(result: WireResult, query = '{ old }'): Promise<{ status: number; body: unknown }> {
    const answer = ask(query);
    await until(() => asked.length === 1, 'the subgraph to be asked');
    asked[0]?.answer(result);
    const response = await answer;
    return { status: response.status, body: await response.json() };
  }

  it('is 401, as one that the gateway does not take', async () => {
    viewer = somebody;
    expect(await answerWith({ data: null, errors: [revoked] })).toEqual({
      status: 401,
      body: { errors: [{ message: revoked.message, extensions: { code: 'UNAUTHENTICATED', requestId: expect.any(String) } }] },
    });
  });

  it.each<[string, WireResult, boolean]>([
    ['when there was none', { data: null, errors: [revoked] }, false],
    ['when it is about a field', { data: { old: null }, errors: [{ ...revoked, path: ['old'] }] }, true],
    ['when something came all the same', { data: { old: 'a' }, errors: [revoked] }, true],
    ['when something else is wrong too', { data: null, errors: [revoked, { message: 'x' }] }, true],
  ])('is not 401 %s', async (_name, result, hasToken) => {
    viewer = hasToken ? somebody : null;
    expect(await answerWith(result)).toMatchObject({ status: 200, body: { data: expect.anything(), errors: expect.anything() } });
  });
});

describe('A request', () => {
  it('that came before the supergraph was replaced ends on the old one, and the next is for the new one', async () => {
    const answer = ask('{ old }');
    await until(() => asked.length === 1, 'the subgraph to be asked');
    const replaced = new Promise((resolve) => supergraph.onChange(resolve));
    await writeFile(join(folder, 'supergraph.graphql'), second);
    await replaced;
    expect((await ask('{ old }')).status).toBe(400);
    asked[0]?.answer({ data: { old: 'still here' } });
    expect(await (await answer).json()).toEqual({ data: { old: 'still here' } });
  });

  it('whose client has gone takes its question back from the subgraph', async () => {
    const leaving = new AbortController();
    const answer = ask('{ old }', '', leaving.signal).catch(() => 'gone');
    await until(() => asked.length === 1, 'the subgraph to be asked');
    const { signal } = asked[0]?.caller ?? {};
    expect(signal?.aborted).toBe(false);
    leaving.abort();
    expect(await answer).toBe('gone');
    await until(() => signal?.aborted === true, 'the question to be taken back');
    asked[0]?.answer({ data: null });
  });

  it('that is answered leaves its question alone', async () => {
    const answer = ask('{ old }');
    await until(() => asked.length === 1, 'the subgraph to be asked');
    const { signal } = asked[0]?.caller ?? {};
    asked[0]?.answer({ data: { old: 'a' } });
    expect((await answer).status).toBe(200);
    server.closeAllConnections();
    await new Promise((resolve) => setImmediate(resolve));
    expect(signal?.aborted).toBe(false);
  });

  it.each([
    ['lists', '['.repeat(20_000) + ']'.repeat(20_000)],
    ['objects', '{"a":'.repeat(20_000) + '1' + '}'.repeat(20_000)],
  ])('SECURITY 43: with 20,000 %s within each other as a variable is refused, and nobody is asked', async (_name, value) => {
    const answer = await ask('query($value: Any) { old(value: $value) }', `,"variables":{"value":${value}}`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      errors: [
        { message: expect.stringContaining('flatter'), extensions: { code: 'OPERATION_TOO_COMPLEX', requestId: expect.any(String) } },
      ],
    });
    expect(asked).toEqual([]);
  });

  it.each(['extensions', 'operationName', 'anything'])(
    'SECURITY 43: with 20,000 lists within each other as "%s" is no fault of ours',
    async (name) => {
      const answer = ask('{ nowhere }', `,"${name}":${'['.repeat(20_000)}${']'.repeat(20_000)}`);
      expect((await answer).status).toBe(400);
    },
  );
});
