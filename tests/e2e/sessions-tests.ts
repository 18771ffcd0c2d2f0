import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Galaxia } from '../testkit/product/galaxia.js';
import { post, text, texts, type GraphQLAnswer, type Json } from '../testkit/product/graphql-client.js';
import { registerPerson, type Person } from '../testkit/product/person.js';
import { openInitialisedSocket, type Socket } from '../testkit/gateway/socket.js';

const subscription = `subscription { sessionEvents { __typename
  ... on SessionSnapshot { sessions { id device current data user { username } } }
  ... on SessionStarted { session { id device user { username } } }
  ... on SessionUpdated { session { id device data version user { username } } }
  ... on SessionEnded { sessionId reason } } }`;

export function sessionsTests(product: () => Galaxia): void {
  let galaxia: Galaxia;
  const sockets: Socket[] = [];

  beforeAll(() => {
    galaxia = product();
  });
  afterAll(() => {
    for (const { ws } of sockets) ws.terminate();
  });

  async function watch(person: Person): Promise<Socket> {
    const socket = await openInitialisedSocket(galaxia.url, person.accessToken);
    sockets.push(socket);
    socket.send({ type: 'subscribe', id: 'sessions', payload: { query: subscription } });
    return socket;
  }

  async function nextEvent(socket: Socket, withinMs?: number): Promise<Json> {
    const frame = await socket.next(withinMs);
    expect(frame).toMatchObject({ type: 'next', id: 'sessions' });
    expect(frame.payload?.errors).toBeUndefined();
    const event = frame.payload?.data?.sessionEvents;
    if (event === undefined) throw new Error(`no event in ${JSON.stringify(frame)}`);
    return event;
  }

  /** Skips what came before: the snapshot, and the announcement of the session itself, which may come late. */
  async function eventOf(socket: Socket, typename: string, sessionId: string): Promise<Json> {
    for (;;) {
      const event = await nextEvent(socket);
      const id = event.sessionId ?? event.session?.id;
      if (text(event.__typename) === typename && text(id) === sessionId) return event;
    }
  }

  const update = (person: Person, input: object): Promise<GraphQLAnswer> =>
    person.ask(
      `mutation ($input: UpdateSessionInput!) { updateSession(input: $input) { __typename ... on SessionPayload { session { id device data version } }
        ... on SessionConflictError { code session { data version } } ... on SessionNotFoundError { code } ... on InvalidInputError { fields { path code } } } }`,
      { input },
    );

  it('tells nobody without a token, and verifies no session for them', async () => {
    const anonymous = await openInitialisedSocket(galaxia.url);
    sockets.push(anonymous);
    anonymous.send({ type: 'subscribe', id: 'sessions', payload: { query: subscription } });
    expect(JSON.stringify(await anonymous.next())).toContain('UNAUTHENTICATED');
    expect((await post(galaxia.url, { query: '{ verifySession { id } }' })).data).toEqual({ verifySession: null });
    const bad = await post(galaxia.url, { query: '{ verifySession { id } }', token: 'nonsense' });
    expect(bad.errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });

  it('verifies a session right after the sign-in, with fields of every subgraph', async () => {
    const alice = await registerPerson(galaxia);
    const phone = await alice.signInAgain('Phone');
    const { data } = await phone.ask('{ verifySession { id current data user { id username displayName presence { availability } } } }');
    expect(data.verifySession).toMatchObject({
      id: phone.sessionId,
      current: true,
      data: null,
      user: { id: alice.id, username: alice.username },
    });
  });

  it('shows on one device what was changed on the other, and refuses to change what is not one’s own', async () => {
    const [alice, bob] = await Promise.all([registerPerson(galaxia), registerPerson(galaxia)]);
    const phone = await alice.signInAgain('Phone');
    const socket = await watch(phone);
    expect(await nextEvent(socket)).toMatchObject({ __typename: 'SessionSnapshot' });
    const created = await alice.ask(
      'mutation ($input: CreateSessionInput!) { createSession(input: $input) { ... on CreateSessionPayload { created session { id data version } } } }',
      { input: { data: { level: 3, inventory: ['lamp'] } } },
    );
    expect(created.data.createSession).toEqual({
      created: true,
      session: { id: alice.sessionId, data: { level: 3, inventory: ['lamp'] }, version: 1 },
    });
    expect(await eventOf(socket, 'SessionUpdated', alice.sessionId)).toMatchObject({
      session: { data: { level: 3, inventory: ['lamp'] }, user: { username: alice.username } },
    });
    expect((await update(bob, { id: alice.sessionId, data: null })).data.updateSession).toMatchObject({ code: 'SESSION_NOT_FOUND' });
    expect((await update(alice, { id: phone.sessionId, device: 'Pocket' })).data.updateSession).toMatchObject({
      session: { id: phone.sessionId, device: 'Pocket' },
    });
    expect(await eventOf(socket, 'SessionUpdated', phone.sessionId)).toMatchObject({ session: { device: 'Pocket' } });
    // Auth answers with the name as well, once it has heard of it.
    const named = async () =>
      (
        await post(galaxia.url, {
          query: `mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { ... on AuthPayload { session { device } } } }`,
          variables: { token: phone.refreshToken },
        })
      ).data.refreshSession?.session?.device;
    while (text(await named()) !== 'Pocket') await new Promise((resolve) => setTimeout(resolve, 50));
  });

  it('lets one of two win that change the same version, and shows the other how it is now', async () => {
    const alice = await registerPerson(galaxia);
    const change = (by: number) => update(alice, { id: alice.sessionId, data: { by }, expectedVersion: 0 });
    const answers = (await Promise.all([1, 2, 3, 4, 5].map(change))).map(({ data }) => data.updateSession);
    const won = answers.filter((answer) => text(answer?.__typename) === 'SessionPayload');
    expect(won).toHaveLength(1);
    for (const answer of answers.filter((each) => !won.includes(each))) {
      expect(answer).toMatchObject({ code: 'SESSION_CONFLICT', session: { data: won[0]?.session?.data, version: 1 } });
    }
  });

  it('SECURITY 42: carries names that mean something to JavaScript there and back, and over the subscription', async () => {
    const alice = await registerPerson(galaxia);
    const socket = await watch(alice);
    await nextEvent(socket);
    const data = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as unknown;
    const answer = await update(alice, { id: alice.sessionId, data });
    expect(answer.errors).toEqual([]);
    const shown = (await alice.ask('{ verifySession { data } }')).data.verifySession?.data;
    let told: Json[string] | undefined;
    // The name of her device comes with an event of auth, which may be told before.
    do told = (await eventOf(socket, 'SessionUpdated', alice.sessionId)).session?.data;
    while (JSON.stringify(told) === 'null');
    expect([JSON.stringify(shown), JSON.stringify(told)]).toEqual([JSON.stringify(data), JSON.stringify(data)]);
    // Nothing of the server was changed by it.
    expect((await registerPerson(galaxia)).id).not.toBe('');
  });

  it('names each rule that the data breaks', async () => {
    const alice = await registerPerson(galaxia);
    for (const [data, code] of [
      ['x'.repeat(16_383), 'TOO_LONG'],
      [{ a: '\0' }, 'INVALID_CHARACTER'],
      ['\ud800', 'INVALID_CHARACTER'],
      [nested(33), 'TOO_DEEP'],
    ] as const) {
      const answer = await update(alice, { id: alice.sessionId, data });
      expect(answer.data.updateSession).toEqual({ __typename: 'InvalidInputError', fields: [{ path: 'data', code }] });
    }
    const fits = [nested(31), 'x'.repeat(16_384 - 5 - 62)];
    expect(JSON.stringify(fits)).toHaveLength(16_384);
    expect((await update(alice, { id: alice.sessionId, data: fits })).data.updateSession).toMatchObject({ session: { data: fits } });
  });

  it('SECURITY 27: ends all other sessions at once: their sockets close with 4403, and their tokens are refused', async () => {
    const [alice, bob] = await Promise.all([registerPerson(galaxia), registerPerson(galaxia)]);
    const [phone, console_] = [await alice.signInAgain('Phone'), await alice.signInAgain('Console')];
    const [own, lost, foreign] = [await watch(alice), await watch(phone), await watch(bob)];
    await Promise.all([own, lost, foreign].map((socket) => nextEvent(socket)));
    // Used once, each is known where sessions are ended.
    await Promise.all([phone, console_].map((device) => device.ask('{ verifySession { id } }')));
    const { data } = await alice.ask('mutation { endOtherSessions { sessionIds } }');
    expect(texts(data.endOtherSessions?.sessionIds).toSorted()).toEqual([phone.sessionId, console_.sessionId].sort());
    expect(await eventOf(own, 'SessionEnded', phone.sessionId)).toMatchObject({ reason: 'ENDED' });
    expect(await lost.closed(2_000)).toMatchObject({ code: 4403 });
    const refused = async ({ accessToken }: Person) =>
      (await post(galaxia.url, { query: '{ verifySession { id } }', token: accessToken })).errors[0]?.extensions.code;
    expect([await refused(phone), await refused(console_)]).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED']);
    const refreshed = await post(galaxia.url, {
      query: 'mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { __typename } }',
      variables: { token: phone.refreshToken },
    });
    expect(refreshed.data.refreshSession?.__typename).toBe('InvalidRefreshTokenError');
    expect((await alice.ask('{ mySessions { id } }')).data).toEqual({ mySessions: [{ id: alice.sessionId }] });
    expect((await bob.ask('{ verifySession { id } }')).data).toEqual({ verifySession: { id: bob.sessionId } });
    expect(foreign.ws.readyState).toBe(foreign.ws.OPEN);
    expect(JSON.stringify(foreign.pending())).not.toContain(alice.username);
  });

  it('tells of a sign-in and of a sign-out elsewhere, and makes nobody online', async () => {
    const alice = await registerPerson(galaxia);
    const socket = await watch(alice);
    await nextEvent(socket);
    const phone = await alice.signInAgain('Phone');
    expect(await eventOf(socket, 'SessionStarted', phone.sessionId)).toMatchObject({ session: { user: { username: alice.username } } });
    expect((await alice.ask('{ me { presence { availability devices } } }')).data.me).toEqual({
      presence: { availability: 'OFFLINE', devices: 0 },
    });
    await phone.ask('mutation { logout { __typename } }');
    expect(await eventOf(socket, 'SessionEnded', phone.sessionId)).toMatchObject({ reason: 'LOGOUT' });
  });
}

/** So many levels of arrays around nothing. */
function nested(levels: number): unknown {
  return JSON.parse('['.repeat(levels) + ']'.repeat(levels));
}
