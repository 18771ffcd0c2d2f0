import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openAskedDoor, type AskedDoor } from '../../tests/testkit/gateway/asked-door.js';
import type { Viewer } from '../../shared/auth/viewer.js';
import { compose } from '../../tests/testkit/gateway/little-supergraph.js';
import { until } from '../../tests/testkit/until.js';
import type { WireResult } from '../datasources/wire.js';

const first = compose([{ name: 'one', url: 'http://one.test', typeDefs: 'type Query { old(value: Any): String } scalar Any' }]);
const second = compose([{ name: 'one', url: 'http://one.test', typeDefs: 'type Query { young: String }' }]);

let door: AskedDoor;
/** Who the gateway takes the caller for. */
let viewer: Viewer | null;
beforeEach(async () => {
  viewer = null;
  door = await openAskedDoor(first, {
    authenticate: ({ requestId }) => Promise.resolve({ viewer, subgraphHeaders: { 'x-request-id': requestId } }),
  });
});
afterEach(() => door.close());

function ask(query: string, rest = '', signal?: AbortSignal): Promise<Response> {
  const body = `{"query":${JSON.stringify(query)}${rest}}`;
  return fetch(door.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    ...(signal === undefined ? {} : { signal }),
  });
}

const somebody: Viewer = { userId: 'u', username: 'U', sessionId: 's', roles: [], authenticatedAt: 0, expiresAt: 0 };
const revoked = { message: 'Your session has ended.', extensions: { code: 'UNAUTHENTICATED' } };

describe('A token that a subgraph does not take any more', () => {
  async function answerWith(result: WireResult, query = '{ old }'): Promise<{ status: number; body: unknown }> {
    const answer = ask(query);
    const { answer: reply } = await door.question(0);
    reply(result);
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
    const { answer: reply } = await door.question(0);
    await door.replaceSupergraph(second);
    expect((await ask('{ old }')).status).toBe(400);
    reply({ data: { old: 'still here' } });
    expect(await (await answer).json()).toEqual({ data: { old: 'still here' } });
  });

  it('whose client has gone takes its question back from the subgraph', async () => {
    const leaving = new AbortController();
    const answer = ask('{ old }', '', leaving.signal).catch(() => 'gone');
    const { caller, answer: reply } = await door.question(0);
    const { signal } = caller;
    expect(signal.aborted).toBe(false);
    leaving.abort();
    expect(await answer).toBe('gone');
    await until(() => signal.aborted, 'the question to be taken back');
    reply({ data: null });
  });

  it('that is answered leaves its question alone', async () => {
    const answer = ask('{ old }');
    const { caller, answer: reply } = await door.question(0);
    const { signal } = caller;
    reply({ data: { old: 'a' } });
    expect((await answer).status).toBe(200);
    door.closeConnections();
    await new Promise((resolve) => setImmediate(resolve));
    expect(signal.aborted).toBe(false);
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
    expect(door.asked).toEqual([]);
  });

  it.each(['extensions', 'operationName', 'anything'])(
    'SECURITY 43: with 20,000 lists within each other as "%s" is no fault of ours',
    async (name) => {
      const answer = ask('{ nowhere }', `,"${name}":${'['.repeat(20_000)}${']'.repeat(20_000)}`);
      expect((await answer).status).toBe(400);
    },
  );
});
