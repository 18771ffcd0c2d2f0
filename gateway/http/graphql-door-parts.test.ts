import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openAskedDoor, type AskedDoor } from '../../tests/testkit/gateway/asked-door.js';
import { federated } from '../../tests/testkit/generated/supergraphs.js';
import { compose } from '../../tests/testkit/gateway/little-supergraph.js';
import { until } from '../../tests/testkit/until.js';
import { readParts, type ReadPart } from '../../tests/testkit/gateway/read-parts.js';
import type { WireResult } from '../datasources/wire.js';
import { defaultOperationLimits } from '../policy/operation-limits.js';
import { createOperationPolicy } from '../policy/operation-policy.js';
import type { OperationReport } from '../telemetry/operation-report.js';

const sdl = compose(
  federated({
    users: `type Query { users: [User] hello: String } type Mutation { touch: User }
      type User @key(fields: "id") { id: ID! name: String }`,
    scores: 'type User @key(fields: "id") { id: ID! score: Int! rank: Int }',
  }),
);
const apollo = 'multipart/mixed;deferSpec=20220824,application/json';
const query = '{ users { name ... @defer(label: "later") { score } } }';

let door: AskedDoor;
let reports: OperationReport[];

beforeEach(async () => {
  reports = [];
  door = await openAskedDoor(sdl, {
    policy: createOperationPolicy({ limits: { ...defaultOperationLimits, maxSubgraphCalls: 3 } }),
    showsQueryPlans: true,
    onOperation: (report) => reports.push(report),
  });
});
afterEach(() => door.close());

function ask(
  text: string,
  accept = apollo,
  rest: { readonly variables?: object; readonly headers?: Record<string, string>; readonly signal?: AbortSignal } = {},
) {
  const { variables, headers, signal } = rest;
  return fetch(door.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, ...headers },
    body: JSON.stringify({ query: text, variables }),
    ...(signal === undefined ? {} : { signal }),
  });
}

const question = (index: number) => door.question(index);

/** New each time: answers become part of results. */
const users = (): WireResult => ({
  data: {
    users: [
      { __typename: 'User', id: '1', name: 'Ada' },
      { __typename: 'User', id: '2', name: 'Bob' },
    ],
  },
});
const named = { users: [{ name: 'Ada' }, { name: 'Bob' }] };
const scored = (): WireResult => ({ data: { _entities: [{ score: 1 }, { score: 2 }] } });

async function next(parts: AsyncGenerator<ReadPart, undefined>): Promise<ReadPart> {
  const { value } = await parts.next();
  if (value === undefined) throw new Error('there is no more');
  return value;
}

describe('An operation with a deferred fragment', () => {
  it('is answered as soon as the rest is there, and with the fragment of each object later', async () => {
    const answer = ask(query);
    (await question(0)).answer(users());
    const response = await answer;
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('multipart/mixed;boundary="-";deferSpec=20220824');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const parts = readParts(response);
    expect(await next(parts)).toEqual({ data: named, hasNext: true });
    (await question(1)).answer(scored());
    expect(await next(parts)).toEqual({
      incremental: [
        { label: 'later', path: ['users', 0], data: { score: 1 } },
        { label: 'later', path: ['users', 1], data: { score: 2 } },
      ],
      hasNext: false,
    });
    expect(await parts.next()).toEqual({ done: true, value: undefined });
    await until(() => reports.length === 1, 'the report');
    expect(reports[0]).toMatchObject({ door: 'http', errors: [], hasLeft: false });
  });

  it('is written so that a part ends with the boundary behind it', async () => {
    const answer = ask('{ hello ... @defer { users { name score } } }');
    (await question(0)).answer({ data: { hello: 'you' } });
    (await question(1)).answer(users());
    (await question(2)).answer(scored());
    const later = {
      users: [
        { name: 'Ada', score: 1 },
        { name: 'Bob', score: 2 },
      ],
    };
    const head = '\r\nContent-Type: application/json; charset=utf-8\r\n\r\n';
    expect(await (await answer).text()).toBe(
      `\r\n---${head}{"data":{"hello":"you"},"hasNext":true}\r\n---${head}{"incremental":[{"path":[],"data":${JSON.stringify(later)}}],"hasNext":false}\r\n-----\r\n`,
    );
  });

  it('tells what went wrong with a fragment beside it, masked, and the rest is not touched', async () => {
    const answer = ask(query);
    (await question(0)).answer(users());
    const parts = readParts(await answer);
    await next(parts);
    (await question(1)).answer({
      data: { _entities: [{ score: 1 }, null] },
      errors: [{ message: 'at db.internal:5432', path: ['_entities', 1, 'score'], extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
    });
    const { incremental } = await next(parts);
    expect(incremental).toEqual([
      { label: 'later', path: ['users', 0], data: { score: 1 } },
      {
        label: 'later',
        path: ['users', 1],
        data: null,
        errors: [
          {
            message: expect.not.stringContaining('db.internal'),
            path: ['users', 1, 'score'],
            extensions: expect.objectContaining({ requestId: expect.any(String) }),
          },
        ],
      },
    ]);
    await parts.next();
    await until(() => reports.length === 1, 'the report');
    expect(reports[0]?.errors).toHaveLength(1);
  });

  it.each([
    ['names no parts', 'application/json'],
    ['takes anything', '*/*'],
    ['likes a whole answer better', 'application/json, multipart/mixed;deferSpec=20220824;q=0.9'],
    ['reads another protocol of parts', 'multipart/mixed;deferSpec=20991231, application/json'],
    ['reads streams of subscriptions', 'multipart/mixed;subscriptionSpec=1.0, application/json'],
  ])('comes at once to a client that %s', async (_which, accept) => {
    const answer = ask(query, accept);
    (await question(0)).answer(users());
    (await question(1)).answer(scored());
    const response = await answer;
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toEqual({
      data: {
        users: [
          { name: 'Ada', score: 1 },
          { name: 'Bob', score: 2 },
        ],
      },
    });
  });

  it.each([
    ['its condition says so', 'query ($if: Boolean!) { users { name ... @defer(if: $if) { score } } }', { if: false }],
    ['it needs nothing more than the rest', '{ users { name score ... @defer(if: false) { score } } }', {}],
  ])('comes at once when %s', async (_why, text, variables) => {
    const answer = ask(text, apollo, { variables });
    (await question(0)).answer(users());
    (await question(1)).answer(scored());
    expect(await (await answer).json()).toEqual({
      data: {
        users: [
          { name: 'Ada', score: 1 },
          { name: 'Bob', score: 2 },
        ],
      },
    });
  });

  it('comes at once when its parts would need more requests to subgraphs than MAX_SUBGRAPH_CALLS', async () => {
    const fragments = (count: number) => `{ users { name ${'... @defer { score } '.repeat(count)} } }`;
    const most = ask(fragments(2));
    (await question(0)).answer(users());
    expect((await most).headers.get('content-type')).toContain('multipart/mixed');
    const more = ask(fragments(3));
    (await question(3)).answer(users());
    (await question(4)).answer(scored());
    expect((await more).headers.get('content-type')).toContain('application/json');
  });

  it('comes as one part to a client that reads nothing else, when nothing of it is deferred', async () => {
    const answer = ask('{ hello }', 'multipart/mixed;deferSpec=20220824');
    (await question(0)).answer({ data: { hello: 'you' } });
    const parts = readParts(await answer);
    expect(await next(parts)).toEqual({ data: { hello: 'you' }, hasNext: false });
    expect((await parts.next()).done).toBe(true);
  });

  it('has nothing more to say of objects that are not there', async () => {
    const answer = ask(query);
    (await question(0)).answer({ data: { users: null } });
    const response = await answer;
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toEqual({ data: { users: null } });
  });

  it('shows its plan to whoever may see it', async () => {
    const answer = ask(query, apollo, { headers: { 'x-galaxia-query-plan': '1' } });
    (await question(0)).answer(users());
    const first = await next(readParts(await answer));
    expect(first).toMatchObject({ extensions: { queryPlan: expect.stringContaining('Deferred(depends: [0]') } });
  });

  it('takes its questions back when the client goes away between the parts', async () => {
    const leaving = new AbortController();
    const answer = ask(query, apollo, { signal: leaving.signal });
    (await question(0)).answer(users());
    const parts = readParts(await answer);
    await next(parts);
    const { caller, answer: answerLate } = await question(1);
    expect(caller.signal.aborted).toBe(false);
    leaving.abort();
    await until(() => caller.signal.aborted, 'the question to be taken back');
    await until(() => reports.length === 1, 'the report');
    expect(reports[0]).toMatchObject({ hasLeft: true });
    answerLate(scored());
  });

  it('has one deadline for all its parts', async () => {
    const answer = ask(query);
    (await question(0)).answer(users());
    await answer;
    const [first, second] = [await question(0), await question(1)];
    expect(first.caller.deadline).toBeGreaterThan(0);
    expect(second.caller.deadline).toBe(first.caller.deadline);
  });
});
