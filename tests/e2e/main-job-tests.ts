import { beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import type { Galaxia } from '../testkit/product/galaxia.js';
import { post, text } from '../testkit/product/graphql-client.js';
import { freshUsername, registerPerson, type Person } from '../testkit/product/person.js';
import { publishImage } from '../testkit/product/publish-image.js';

export function mainJobTests(product: () => Galaxia): void {
  let galaxia: Galaxia;
  beforeAll(() => {
    galaxia = product();
  });

  const login = (identifier: string, password: string) =>
    post(galaxia.url, {
      query: `mutation ($input: LoginInput!) { login(input: $input) { __typename ... on AuthPayload { user { id } } ... on UserError { code message } } }`,
      variables: { input: { identifier, password } },
    });

  describe('Registering', () => {
    it('refuses a taken name without regard to case', async () => {
      const alice = await registerPerson(galaxia);
      const answer = await post(galaxia.url, {
        query: `mutation ($input: RegisterInput!) { register(input: $input) { __typename ... on UserError { code message } } }`,
        variables: { input: { username: alice.username.toUpperCase(), password: 'another password' } },
      });
      expect(answer.data.register).toMatchObject({ __typename: 'UsernameTakenError', code: 'USERNAME_TAKEN' });
    });

    it.each([
      ['ab', 'TOO_SHORT'],
      ['a'.repeat(25), 'TOO_LONG'],
      ['__proto__', 'MUST_START_WITH_LETTER'],
      ['has blank', 'INVALID_CHARS'],
    ])('refuses the name "%s" with %s', async (username, code) => {
      const answer = await post(galaxia.url, {
        query: `mutation ($input: RegisterInput!) { register(input: $input) { ... on InvalidInputError { code fields { path code } } } }`,
        variables: { input: { username, password: 'a good password' } },
      });
      expect(answer.data.register).toMatchObject({ code: 'INVALID_INPUT', fields: [{ path: 'username', code }] });
    });

    it('takes names and aliases that are special in JavaScript, and a password of 128 emoji', async () => {
      const username = 'constructor';
      const password = '🦄'.repeat(128);
      await registerPerson(galaxia, { username, password });
      const answer = await login('Constructor', password);
      expect(answer.data.login?.__typename).toBe('AuthPayload');
      const found = await post(galaxia.url, { query: `{ __proto__: userByUsername(username: "constructor") { constructor: username } }` });
      expect(JSON.stringify(found.data)).toBe('{"__proto__":{"constructor":"constructor"}}');
    });

    it('refuses a password of 129 characters', async () => {
      const answer = await post(galaxia.url, {
        query: `mutation ($input: RegisterInput!) { register(input: $input) { ... on InvalidInputError { fields { path code } } } }`,
        variables: { input: { username: freshUsername(), password: 'x'.repeat(129) } },
      });
      expect(answer.data.register).toMatchObject({ fields: [{ path: 'password', code: 'TOO_LONG' }] });
    });
  });

  describe('Signing in', () => {
    it('answers alike for a wrong password and for an unknown user', async () => {
      const alice = await registerPerson(galaxia);
      const wrong = await login(alice.username, 'not the password');
      const unknown = await login(freshUsername(), 'not the password');
      expect(wrong.data.login).toMatchObject({ __typename: 'InvalidCredentialsError', code: 'INVALID_CREDENTIALS' });
      expect(unknown.data).toEqual(wrong.data);
      expect(unknown.status).toBe(wrong.status);
    });

    it('refuses tampered tokens everywhere, and knows nobody without one', async () => {
      const alice = await registerPerson(galaxia);
      const [header, , signature] = alice.accessToken.split('.');
      const forged = Buffer.from(JSON.stringify({ sub: alice.id, username: 'root', roles: ['ADMIN'] })).toString('base64url');
      for (const token of [`${String(header)}.${forged}.${String(signature)}`, alice.accessToken.slice(0, -4), 'nonsense']) {
        const answer = await post(galaxia.url, { query: '{ me { id } }', token });
        expect(answer.errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
      }
      const anonymous = await post(galaxia.url, { query: '{ me { id } }' });
      expect(anonymous.data).toEqual({ me: null });
    });

    it('believes no identity header that a client sends', async () => {
      const alice = await registerPerson(galaxia);
      const answer = await post(galaxia.url, { query: '{ me { id } }', headers: { 'x-user-id': alice.id, 'x-user-name': alice.username } });
      expect(answer.data).toEqual({ me: null });
    });

    it('gives new tokens for a refresh token, the same ones on a retry', async () => {
      const alice = await registerPerson(galaxia);
      const refresh = () =>
        post(galaxia.url, {
          query: `mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { __typename ... on AuthPayload { accessToken refreshToken user { username } } } }`,
          variables: { input: { refreshToken: alice.refreshToken } },
        });
      const first = await refresh();
      const retry = await refresh();
      expect(first.data.refreshSession).toMatchObject({ __typename: 'AuthPayload', user: { username: alice.username } });
      expect(retry.data.refreshSession?.refreshToken).toEqual(first.data.refreshSession?.refreshToken);
      const me = await post(galaxia.url, { query: '{ me { id } }', token: text(first.data.refreshSession?.accessToken) });
      expect(me.data).toEqual({ me: { id: alice.id } });
    });

    it('answers the whole session in the operation that opens it', async () => {
      const answer = await post(galaxia.url, {
        query: `mutation ($input: RegisterInput!) { register(input: $input) { ... on AuthPayload {
          expiresAt user { id username email displayName roles presence { availability } avatar { url } }
          session { id device startedAt expiresAt current user { id } } } } }`,
        variables: {
          input: { username: freshUsername('Whole'), password: 'a good password', email: 'whole@example.org', device: 'Console' },
        },
      });
      expect(answer.errors).toEqual([]);
      const auth = answer.data.register;
      expect(auth).toMatchObject({
        user: {
          email: 'whole@example.org',
          displayName: text(auth?.user?.username),
          roles: ['USER'],
          presence: { availability: 'OFFLINE' },
          avatar: null,
        },
        session: { device: 'Console', current: true, user: { id: text(auth?.user?.id) } },
      });
    });
  });

  describe('Signing out', () => {
    it('stops the tokens of the session and no others', async () => {
      const alice = await registerPerson(galaxia);
      const phone = await alice.signInAgain('Phone');
      const out = await phone.ask('mutation { logout { __typename } }');
      expect(out.data.logout?.__typename).toBe('LogoutPayload');
      await untilRefused(phone);
      const refreshed = await post(galaxia.url, {
        query: `mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { __typename } }`,
        variables: { input: { refreshToken: phone.refreshToken } },
      });
      expect(refreshed.data.refreshSession?.__typename).toBe('InvalidRefreshTokenError');
      expect((await alice.ask('{ me { id } }')).data).toEqual({ me: { id: alice.id } });
    });

    it('lets nobody end the session of somebody else', async () => {
      const [alice, mallory] = await Promise.all([registerPerson(galaxia), registerPerson(galaxia)]);
      const answer = await mallory.ask(`mutation ($id: ID!) { endSession(input: { id: $id }) { __typename } }`, { id: alice.sessionId });
      expect(answer.data.endSession?.__typename).toBe('SessionNotFoundError');
      expect((await alice.ask('{ me { id } }')).data).toEqual({ me: { id: alice.id } });
    });

    it('ends another session of one’s own: its tokens stop working', async () => {
      const alice = await registerPerson(galaxia);
      const phone = await alice.signInAgain('Phone');
      const mine = () => alice.ask('{ mySessions { id device current } }');
      // Auth tells of the sign-in a moment after it has answered it.
      const sessions = await until(mine, ({ data }) => JSON.stringify(data).includes('Phone'));
      expect(sessions.data.mySessions).toEqual([
        { id: alice.sessionId, device: 'Test device', current: true },
        { id: phone.sessionId, device: 'Phone', current: false },
      ]);
      const ended = await alice.ask(`mutation ($id: ID!) { endSession(input: { id: $id }) { __typename } }`, { id: phone.sessionId });
      expect(ended.data.endSession?.__typename).toBe('EndSessionPayload');
      await untilRefused(phone);
      expect((await alice.ask('{ mySessions { id } }')).data).toEqual({ mySessions: [{ id: alice.sessionId }] });
    });
  });

  describe('Finding people', () => {
    it('finds a user by name without regard to case, and nobody for an unknown name', async () => {
      const bob = await registerPerson(galaxia);
      const query = 'query ($username: String!) { userByUsername(username: $username) { id username email roles } }';
      const found = await post(galaxia.url, { query, variables: { username: bob.username.toUpperCase() } });
      expect(found.data.userByUsername).toEqual({ id: bob.id, username: bob.username, email: null, roles: null });
      const unknown = await post(galaxia.url, { query, variables: { username: freshUsername() } });
      expect(unknown.data).toEqual({ userByUsername: null });
    });

    it('finds users by the beginning of a name soon after they registered', async () => {
      const bob = await registerPerson(galaxia, { username: freshUsername('Find') });
      const search = () =>
        post(galaxia.url, {
          query: 'query ($query: String!) { searchUsers(query: $query) { nodes { id username } pageInfo { hasNextPage } } }',
          variables: { query: bob.username.slice(0, -2).toLowerCase() },
        });
      const answer = await until(search, ({ data }) => JSON.stringify(data).includes(bob.id));
      expect(answer.data.searchUsers).toMatchObject({ nodes: [{ id: bob.id, username: bob.username }], pageInfo: { hasNextPage: false } });
    });
  });

  describe('The supergraph', () => {
    it('answers one operation from all four subgraphs', async () => {
      const alice = await registerPerson(galaxia);
      const image = await uploadAvatar(galaxia, alice);
      await alice.ask(`mutation { updateProfile(input: { displayName: "Alice 🌌" }) { __typename } }`);
      const answer = await alice.ask(
        `{ me { username displayName avatar { url owner { username } } presence { availability } } mySessions { current user { displayName } } }`,
      );
      expect(answer.errors).toEqual([]);
      expect(answer.data).toEqual({
        me: {
          username: alice.username,
          displayName: 'Alice 🌌',
          avatar: { url: image.url, owner: { username: alice.username } },
          presence: { availability: 'OFFLINE' },
        },
        mySessions: [{ current: true, user: { displayName: 'Alice 🌌' } }],
      });
    });

    it('serves the uploaded picture, re-encoded, to everyone', async () => {
      const alice = await registerPerson(galaxia);
      const image = await uploadAvatar(galaxia, alice);
      const response = await fetch(new URL(image.url, galaxia.url));
      expect(response.status).toBe(200);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(await sharp(Buffer.from(await response.arrayBuffer())).metadata()).toMatchObject({ width: 64, height: 48 });
    });

    it('masks what is not the client’s business and names the request', async () => {
      const answer = await post(galaxia.url, { query: '{ nonsense }', headers: { 'x-request-id': 'test-request-1' } });
      expect(answer.status).toBe(400);
      expect(answer.errors[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
      expect(answer.headers.get('x-request-id')).toBe('test-request-1');
    });

    it('tells its health and its public keys', async () => {
      expect((await fetch(`${galaxia.url}/health/live`)).status).toBe(200);
      expect((await fetch(`${galaxia.url}/health/ready`)).status).toBe(200);
      const jwks = (await (await fetch(`${galaxia.url}/.well-known/jwks.json`)).json()) as { keys: Record<string, unknown>[] };
      expect(jwks.keys.length).toBeGreaterThan(0);
      for (const key of jwks.keys) expect(key).not.toHaveProperty('d');
    });
  });
}

async function uploadAvatar(galaxia: Galaxia, person: Person): Promise<{ id: string; url: string }> {
  const image = await publishImage(galaxia, person, 'AVATAR');
  const set = await person.ask(`mutation ($id: ID!) { setAvatar(input: { imageId: $id }) { __typename } }`, { id: image.id });
  expect(set.data.setAvatar?.__typename).toBe('SetAvatarPayload');
  return image;
}

async function untilRefused(person: Person): Promise<void> {
  // Revocation reaches every process within 2 seconds; in one process at once.
  const answer = await until(
    () => person.ask('{ me { id } }'),
    ({ errors }) => errors.length > 0,
  );
  expect(answer.errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
}

async function until<Value>(ask: () => Promise<Value>, isDone: (value: Value) => boolean, withinMs = 5_000): Promise<Value> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await ask();
    if (isDone(value) || Date.now() > deadline) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
