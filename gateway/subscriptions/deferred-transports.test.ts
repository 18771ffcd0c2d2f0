import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { createClient as createStreamClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import { createRevocations, type Revocations } from '../../shared/auth/revocations.js';
import { openAskedSupergraph, type AskedSupergraph } from '../../tests/testkit/gateway/asked-door.js';
import { federated } from '../../tests/testkit/generated/supergraphs.js';
import { compose } from '../../tests/testkit/gateway/little-supergraph.js';
import { until } from '../../tests/testkit/until.js';
import { liveTransports, openLiveClient, type LiveClient, type LiveTransport } from '../../tests/testkit/gateway/live-client.js';
import { namedTokens } from '../../tests/testkit/gateway/named-tokens.js';
import { openGateway } from '../../tests/testkit/gateway/open-gateway.js';
import type { WireResult } from '../datasources/wire.js';
import { defaultHttpLimits } from '../http/http-limits.js';
import { defaultUploadLimits } from '../http/uploads/upload-limits.js';
import { defaultOperationLimits } from '../policy/operation-limits.js';
import { createOperationPolicy } from '../policy/operation-policy.js';
import { defaultWebSocketLimits } from './limits.js';

const sdl = compose(
  federated({
    users: `type Query { users: [User] } type Mutation { touch: [User] } type Subscription { joined: User }
      type User @key(fields: "id") { id: ID! name: String }`,
    scores: 'type User @key(fields: "id") { id: ID! score: Int! }',
  }),
);
const query = '{ users { name ... @defer(label: "later") { score } } }';
const partsOver = liveTransports.filter((transport) => transport !== 'multipart');

/** New each time: answers become part of results. */
const users = (): WireResult => ({
  data: { users: [0, 1].map((n) => ({ __typename: 'User', id: String(n), name: `User ${n}` })) },
});
const scored = (): WireResult => ({ data: { _entities: [{ score: 1 }, { score: 2 }] } });
const first = { data: { users: [{ name: 'User 0' }, { name: 'User 1' }] }, hasNext: true };
const rest = {
  incremental: [
    { label: 'later', path: ['users', 0], data: { score: 1 } },
    { label: 'later', path: ['users', 1], data: { score: 2 } },
  ],
  hasNext: false,
};
const atOnce = {
  data: {
    users: [
      { name: 'User 0', score: 1 },
      { name: 'User 1', score: 2 },
    ],
  },
};

let under: AskedSupergraph;
let revocations: Revocations;
let url: string;
let close: () => Promise<void>;
const clients: LiveClient[] = [];

const openSocketClient = () =>
  createSocketClient({ url: `${url.replace('http', 'ws')}/graphql`, retryAttempts: 0, webSocketImpl: WebSocket });

beforeEach(async () => {
  under = await openAskedSupergraph(sdl);
  revocations = createRevocations();
  const gateway = await openGateway({
    supergraph: under.supergraph,
    revocations,
    accessTokens: namedTokens,
    policy: createOperationPolicy({ limits: { ...defaultOperationLimits, maxSubgraphCalls: 3 } }),
    limits: {
      http: defaultHttpLimits,
      uploads: defaultUploadLimits,
      sockets: { ...defaultWebSocketLimits, maxOperations: 1 },
    },
  });
  url = await gateway.listen();
  close = async () => {
    await gateway.close();
    await under.close();
  };
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.vanish();
  await close();
});

async function open(transport: LiveTransport, operation: string | { query: string; variables?: object; token?: string } = query) {
  const client = await openLiveClient(transport, url, typeof operation === 'string' ? { query: operation } : operation);
  clients.push(client);
  return client;
}

describe.each(partsOver)('An operation with a deferred fragment, over %s,', (transport) => {
  /** The first part is there, and the subgraph of the second is asked. */
  async function begun(operation?: Parameters<typeof open>[1]) {
    const opened = open(transport, operation);
    (await under.question(0)).answer(users());
    const client = await opened;
    await client.next();
    return { client, question: await under.question(1) };
  }

  it.each([
    ['subscription { joined { name ... @defer { score } } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['mutation { ... @defer { touch { name } } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['{ users { ... @defer(label: "x") { name } ... @defer(label: "x") { score } } }', 'GRAPHQL_VALIDATION_FAILED'],
    [`{ users { name ${'... @defer { score } '.repeat(21)} } }`, 'OPERATION_TOO_COMPLEX'],
  ])('is refused: %s', async (text, code) => {
    const client = await open(transport, text);
    expect(await client.next()).toMatchObject({ errors: [{ extensions: { code, requestId: expect.any(String) } }] });
    expect(under.asked).toEqual([]);
  });

  it('is answered as soon as the rest is there, and with the fragment of each object later', async () => {
    const opened = open(transport);
    (await under.question(0)).answer(users());
    const client = await opened;
    expect(await client.next()).toEqual(first);
    (await under.question(1)).answer(scored());
    expect(await client.next()).toEqual(rest);
    expect(await client.ended()).toBe('complete');
  });

  it('SECURITY 44: tells what went wrong with a part beside it, masked, with the id of the request', async () => {
    const { client, question } = await begun();
    question.answer({
      data: { _entities: [{ score: 1 }, null] },
      errors: [{ message: 'at db.internal:5432', path: ['_entities', 1, 'score'], extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
    });
    const answer = await client.next();
    expect(answer).toMatchObject({
      incremental: [
        { path: ['users', 0], data: { score: 1 } },
        { path: ['users', 1], data: null, errors: [{ path: ['users', 1, 'score'], extensions: { requestId: expect.any(String) } }] },
      ],
      hasNext: false,
    });
    expect(JSON.stringify(answer)).not.toContain('db.internal');
    expect(await client.ended()).toBe('complete');
  });

  it('tells what went wrong with the first part beside it', async () => {
    const opened = open(transport);
    (await under.question(0)).answer({ ...users(), errors: [{ message: 'no', path: ['users', 0, 'name'] }] });
    expect(await (await opened).next()).toMatchObject({
      data: first.data,
      errors: [{ path: ['users', 0, 'name'], extensions: { requestId: expect.any(String) } }],
      hasNext: true,
    });
  });

  it.each([
    ['its condition says so', 'query ($if: Boolean!) { users { name ... @defer(if: $if) { score } } }', { if: false }],
    ['it needs nothing more than the rest', '{ users { name score ... @defer(if: false) { score } } }', {}],
  ])('comes at once when %s', async (_why, text, variables) => {
    const opened = open(transport, { query: text, variables });
    (await under.question(0)).answer(users());
    (await under.question(1)).answer(scored());
    const client = await opened;
    expect(await client.next()).toEqual(atOnce);
    expect(await client.ended()).toBe('complete');
  });

  it('comes at once when its parts would need more requests to subgraphs than MAX_SUBGRAPH_CALLS', async () => {
    const text = (count: number) => `{ users { name ${'... @defer { score } '.repeat(count)} } }`;
    const { client } = await begun(text(2));
    (await under.question(1)).answer(scored());
    (await under.question(2)).answer(scored());
    expect(await client.ended()).toBe('complete');
    const more = open(transport, text(3));
    (await under.question(3)).answer(users());
    (await under.question(4)).answer(scored());
    expect(await (await more).next()).toEqual(atOnce);
  });

  it('has nothing more to say of objects that are not there', async () => {
    const opened = open(transport);
    (await under.question(0)).answer({ data: { users: null } });
    const client = await opened;
    expect(await client.next()).toEqual({ data: { users: null } });
    expect(await client.ended()).toBe('complete');
  });

  it('takes its questions back when the client goes away between the parts', async () => {
    const { client, question } = await begun();
    expect(question.caller.signal.aborted).toBe(false);
    client.vanish();
    await until(() => question.caller.signal.aborted, 'the question to be taken back');
    question.answer(scored());
  });

  it('SECURITY 40: takes them back when the session ends or the token expires, and says why', async () => {
    const ended = async (token: string, end: () => void, index: number): Promise<void> => {
      const opened = open(transport, { query, token });
      (await under.question(index)).answer(users());
      const client = await opened;
      await client.next();
      const { caller } = await under.question(index + 1);
      end();
      expect(await client.ended()).toBe(transport === 'WebSocket' ? 4403 : 'UNAUTHENTICATED');
      expect(caller.signal.aborted).toBe(true);
    };
    await ended('alice', () => revocations.revoke({ sessionId: 'alice', endedAt: Date.now() }), 0);
    await ended('short', () => undefined, 2);
  });

  it('SECURITY 41: counts as an operation until its last part', async () => {
    const { client, question } = await begun();
    const refused = await open(transport);
    expect(await refused.next()).toMatchObject({ errors: [{ extensions: { code: 'UNAVAILABLE' } }] });
    question.answer(scored());
    expect(await client.ended()).toBe('complete');
    const next = open(transport);
    (await under.question(2)).answer({ data: { users: null } });
    expect(await (await next).next()).toEqual({ data: { users: null } });
  });

  it('has one deadline for all its parts', async () => {
    const { question } = await begun();
    expect(question.caller.deadline).toBe((await under.question(0)).caller.deadline);
  });
});

it('An operation with a deferred fragment comes at once over the multipart protocol of subscriptions, which knows no parts', async () => {
  const opened = openLiveClient('multipart', url, { query, headers: { accept: 'multipart/mixed;subscriptionSpec=1.0' } });
  (await under.question(0)).answer(users());
  (await under.question(1)).answer(scored());
  const client = await opened;
  expect(await client.next()).toEqual(atOnce);
  expect(await client.ended()).toBe('complete');
});

it('A complete from the client between the parts takes the questions back, and the socket goes on', async () => {
  const client = openSocketClient();
  const payloads = client.iterate({ query });
  const next = payloads.next();
  (await under.question(0)).answer(users());
  expect((await next).value).toEqual(first);
  const { caller } = await under.question(1);
  await payloads.return?.();
  await until(() => caller.signal.aborted, 'the question to be taken back');
  const again = client.iterate({ query: '{ users { name } }' });
  const answer = again.next();
  (await under.question(2)).answer(users());
  expect((await answer).value).toEqual({ data: first.data });
  await client.dispose();
});

it.each([
  ['graphql-ws', openSocketClient],
  ['graphql-sse', () => createStreamClient({ url: `${url}/graphql`, retryAttempts: 0 })],
])('The client of %s gets the parts, and then the end', async (_name, create) => {
  const client = create();
  const payloads = client.iterate({ query });
  void under.question(0).then(({ answer }) => answer(users()));
  void under.question(1).then(({ answer }) => answer(scored()));
  const received: unknown[] = [];
  for await (const payload of payloads) received.push(payload);
  expect(received).toEqual([first, rest]);
  await client.dispose();
});
