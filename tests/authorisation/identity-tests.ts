import { expect, it } from '@jest/globals';
import { post, text, type GraphQLAnswer } from '../testkit/product/graphql-client.js';
import { openSocket } from '../testkit/gateway/socket.js';
import type { Person } from '../testkit/product/person.js';
import type { Stage } from './stage.js';

/** What gateways tell subgraphs, and what other products trust; a client may send them all. */
const identityHeaders = ({ id, username, accessToken }: Person) => ({
  'x-user-id': id,
  'x-user-name': username,
  'x-user-roles': 'ADMIN',
  'x-session-id': id,
  'x-forwarded-user': username,
  'x-forwarded-authorization': `Bearer ${accessToken}`,
  'x-gateway-secret': 'guessed',
  'x-hasura-user-id': id,
});

/** Who one is comes from one's token alone. */
export function identityTests(stageOf: () => Stage): void {
  it('SECURITY 46: identity headers of a client change nothing, over HTTP', async () => {
    const { url, owners, others } = stageOf();
    const headers = identityHeaders(owners.EVERYONE);
    const query = '{ me { id roles } }';
    expect((await post(url, { query, headers })).data).toEqual({ me: null });
    const { data } = await post(url, { query, headers, token: others.stranger.accessToken });
    expect(data).toEqual({ me: { id: others.stranger.id, roles: ['USER'] } });
  });

  it('SECURITY 46: identity headers of a client change nothing, on a socket', async () => {
    const { url, owners, others } = stageOf();
    const { accessToken } = others.stranger;
    // The upgrade carries the owner's token as well: who speaks on the socket is who the first message says.
    const headers = { ...identityHeaders(owners.EVERYONE), authorization: `Bearer ${owners.EVERYONE.accessToken}` };
    const socket = await openSocket(url, headers);
    socket.send({ type: 'connection_init', payload: { ...identityHeaders(owners.EVERYONE), authorization: `Bearer ${accessToken}` } });
    await socket.next();
    socket.send({ type: 'subscribe', id: '1', payload: { query: '{ me { id } }' } });
    expect((await socket.next()).payload).toMatchObject({ data: { me: { id: others.stranger.id } } });
    socket.ws.close(1000);
  });

  it('SECURITY 46: entities cannot be asked for past the gateway, nor the subgraphs themselves', async () => {
    const { url, owners, others } = stageOf();
    const query = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on AccountExport { profile } } }`;
    const variables = { representations: [{ __typename: 'AccountExport', userId: owners.EVERYONE.id }] };
    const { errors } = await post(url, { query, variables, token: others.stranger.accessToken });
    expect(errors.map(({ extensions }) => extensions.code)).toContain('GRAPHQL_VALIDATION_FAILED');
  });

  it('SECURITY 46: aliases in one operation show each object as the one caller may see it', async () => {
    const { owners, others } = stageOf();
    const { data } = await others.stranger.ask(
      `query ($open: ID!, $hidden: ID!, $own: ID!) {
        open: user(id: $open) { ...Seen }
        hidden: user(id: $hidden) { ...Seen }
        own: user(id: $own) { ...Seen }
        again: user(id: $open) { ...Seen }
        me { ...Seen }
      }
      fragment Seen on User { id email bio roles presence { visibility } }`,
      { open: owners.EVERYONE.id, hidden: owners.NOBODY.id, own: others.stranger.id },
    );
    const open = { id: owners.EVERYONE.id, email: null, bio: 'About me', roles: null, presence: { visibility: null } };
    const own = { id: others.stranger.id, email: null, bio: null, roles: ['USER'], presence: { visibility: 'EVERYONE' } };
    const hidden = { id: owners.NOBODY.id, email: null, bio: null, roles: null, presence: { visibility: null } };
    expect(data).toEqual({ open, again: open, hidden, own, me: own });
  });

  it('SECURITY 46: one operation that ends the owner’s session and one’s own ends one’s own alone', async () => {
    const { owners, others } = stageOf();
    const spare = await others.stranger.signInAgain('Spare');
    // It is known where sessions are listed once it was used, if not before.
    await spare.ask('{ mySessions { id } }');
    const { data } = await others.stranger.ask(
      `mutation ($foreign: ID!, $own: ID!) {
        foreign: endSession(input: { id: $foreign }) { __typename }
        own: endSession(input: { id: $own }) { __typename }
      }`,
      { foreign: owners.EVERYONE.sessionId, own: spare.sessionId },
    );
    expect(data).toEqual({ foreign: { __typename: 'SessionNotFoundError' }, own: { __typename: 'EndSessionPayload' } });
    expect((await owners.EVERYONE.ask('{ me { id } }')).data).toEqual({ me: { id: owners.EVERYONE.id } });
  });

  it('SECURITY 46: a batch of operations is refused whole', async () => {
    const { url, others } = stageOf();
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${others.stranger.accessToken}` },
      body: JSON.stringify([{ query: '{ me { id } }' }, { query: '{ me { id } }' }]),
    });
    expect(response.status).toBe(400);
    expect(await response.text()).not.toContain(others.stranger.id);
  });

  it('SECURITY 46: the same question of many people at once answers each of them for themselves', async () => {
    const { url, owners, others } = stageOf();
    const people = [...Object.values(owners), ...Object.values(others)];
    const query =
      '{ me { id roles presence { visibility } } mySessions { user { id } current } myImages { nodes { owner { id } } } auditLog { nodes { user { id } } } }';
    const rounds = Array.from({ length: 10 }, () => people).flat();
    const answers = await Promise.all(rounds.map(({ accessToken }) => post(url, { query, token: accessToken })));
    expect(answers.map(peopleIn)).toEqual(rounds.map(({ id }) => [id]));
  });

  it('SECURITY 46: a token of which one letter was changed is nobody’s', async () => {
    const { url, others } = stageOf();
    const [header = '', , signature = ''] = others.stranger.accessToken.split('.');
    const claims = { ...claimsOf(others.stranger.accessToken), sub: stageOf().owners.EVERYONE.id };
    const forged = [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
    const { data, errors } = await post(url, { query: '{ me { id } }', token: forged });
    expect(errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    expect(data).toEqual({});
  });

  it('SECURITY 46: the cursor of somebody else’s page opens nothing of theirs', async () => {
    const { owners, others } = stageOf();
    const page = await owners.EVERYONE.ask(
      '{ myImages(first: 1) { pageInfo { endCursor } } friends(first: 1) { pageInfo { endCursor } } }',
    );
    const { data } = await others.stranger.ask(
      'query ($images: String, $friends: String) { myImages(after: $images) { nodes { id } } friends(after: $friends) { nodes { id } } }',
      { images: page.data.myImages?.pageInfo?.endCursor, friends: page.data.friends?.pageInfo?.endCursor },
    );
    expect(data.myImages).toEqual({ nodes: [] });
    expect(JSON.stringify(data.friends)).not.toContain(others.friend.id);
  });

  it('SECURITY 46: the cursor of somebody else’s presence subscription shows no more than one’s own would', async () => {
    const { owners, others } = stageOf();
    const hidden = owners.NOBODY;
    const own = await hidden.watch([hidden]);
    const { payload } = await own.next();
    expect(payload?.data?.presence?.entries?.[0]).toMatchObject({ availability: 'ONLINE' });
    const foreign = await others.stranger.watch([hidden], text(payload?.data?.presence?.cursor));
    const answer = JSON.stringify((await foreign.next()).payload);
    expect(answer).not.toContain('ONLINE');
    expect(answer).not.toContain('Here');
    own.ws.close(1000);
    foreign.ws.close(1000);
  });

  it('SECURITY 46: nobody gets out of the sight of those in charge by blocking them', async () => {
    const stage = stageOf();
    const { others } = stage;
    const { owner } = await stage.newOwner('stranger');
    const find = async (caller: Person) => {
      const { data } = await caller.ask(
        `query ($id: ID!, $username: String!) {
          user(id: $id) { id username } userByUsername(username: $username) { id } searchUsers(query: $username) { nodes { id } }
        }`,
        { id: owner.id, username: owner.username },
      );
      return data;
    };
    for (const { id } of [others.moderator, others.admin, others.stranger]) {
      await owner.ask('mutation ($input: BlockInput!) { blockUser(input: $input) { __typename } }', { input: { userId: id } });
    }
    const deadline = Date.now() + 10_000;
    while (JSON.stringify(await find(others.stranger)).includes(owner.id) && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(await find(others.stranger)).toEqual({ user: null, userByUsername: null, searchUsers: { nodes: [] } });
    const { id, username } = owner;
    for (const caller of [others.moderator, others.admin]) {
      expect(await find(caller)).toEqual({ user: { id, username }, userByUsername: { id }, searchUsers: { nodes: [{ id }] } });
    }
  });

  it('SECURITY 46: whoever is blocked cannot tell the block from an account that is not there', async () => {
    const { owners, others } = stageOf();
    const ask = async (id: string, username: string) => {
      const { data, errors } = await others.blocked.ask(
        `query ($id: ID!, $username: String!) {
          user(id: $id) { id username displayName avatar { url } presence { availability } friendship { status } }
          userByUsername(username: $username) { id }
          searchUsers(query: $username) { nodes { id username } }
          friends { nodes { id username } }
          blockedUsers { nodes { id username } }
        }`,
        { id, username },
      );
      return { data: { ...data, friends: null }, errors };
    };
    const nobody = await ask('01990000-0000-7000-8000-000000000000', 'nobody_has_this_name');
    expect(nobody).toMatchObject({ data: { user: null, userByUsername: null, searchUsers: { nodes: [] } }, errors: [] });
    for (const { id, username } of Object.values(owners)) expect(await ask(id, username)).toEqual(nobody);
    const { data, errors } = await owners.EVERYONE.ask('{ blockedUsers { nodes { id username displayName avatar { url } } } }');
    expect(errors).toEqual([]);
    const { id, username } = others.blocked;
    expect(data.blockedUsers).toEqual({ nodes: [{ id, username, displayName: username, avatar: null }] });
  });

  it('SECURITY 46: a moderator acts on no moderator, no administrator, and not on themselves', async () => {
    const { others } = stageOf();
    for (const target of [others.moderator, others.admin]) {
      for (const [mutation, input] of [
        ['disableUser', 'DisableUserInput'],
        ['enableUser', 'EnableUserInput'],
        ['endUserSessions', 'EndUserSessionsInput'],
      ]) {
        if (target === others.moderator && mutation === 'endUserSessions') continue;
        const { errors } = await others.moderator.ask(
          `mutation ($input: ${String(input)}!) { ${String(mutation)}(input: $input) { __typename } }`,
          { input: { userId: target.id } },
        );
        expect([mutation, errors[0]?.extensions.code]).toEqual([mutation, 'FORBIDDEN']);
      }
    }
  });
}

/** Every user id in the answer, once. */
function peopleIn({ data }: GraphQLAnswer): readonly string[] {
  const ids = [
    data.me,
    ...[...listOf(data.mySessions), ...listOf(data.auditLog?.nodes)].map(({ user }) => user),
    ...listOf(data.myImages?.nodes).map(({ owner }) => owner),
  ];
  return [...new Set(ids.map((each) => (each as { id: string }).id))];
}

function listOf(value: unknown): readonly Record<string, unknown>[] {
  return value as Record<string, unknown>[];
}

function claimsOf(token: string): object {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object;
}
