import { describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { testDatabases } from '../../../../tests/testkit/services/databases.js';
import { createAuthClient } from '../../tests/auth-client.js';
import { useAuth } from '../../tests/use-auth.js';

const second = 1_000;
const day = 86_400_000;
const databases = await testDatabases();

describe.each(databases)('a registration on $name', ({ open }) => {
  const auth = useAuth(open, createAuthClient);

  describe('register', () => {
    it.each([
      ['', 'EMPTY'],
      ['   ', 'EMPTY'],
      ['ab', 'TOO_SHORT'],
      ['a'.repeat(25), 'TOO_LONG'],
      ['with space', 'INVALID_CHARS'],
      ['dash-ed', 'INVALID_CHARS'],
      ['Ünal', 'INVALID_CHARS'],
      ['аdmin', 'INVALID_CHARS'],
      ['nul\u0000byte', 'INVALID_CHARS'],
      ['line\n', 'INVALID_CHARS'],
      ['1abc', 'MUST_START_WITH_LETTER'],
      ['_abc', 'MUST_START_WITH_LETTER'],
      ['__proto__', 'MUST_START_WITH_LETTER'],
      ['AdMiN', 'RESERVED'],
    ])('refuses the username %j with %s', async (username, code) => {
      const { __typename, fields } = await auth.client.register({ username });
      expect(__typename).toBe('InvalidInputError');
      expect(fields).toEqual([expect.objectContaining({ path: 'username', code })]);
    });

    it('refuses everything that is wrong at once, in the order of the input', async () => {
      const answer = await auth.client.register({ username: 'x', email: 'nobody', password: 'short', device: 'd'.repeat(101) });
      expect(answer.fields?.map(({ path, code }) => `${path} ${code}`)).toEqual([
        'username TOO_SHORT',
        'email INVALID',
        'password TOO_SHORT',
        'device TOO_LONG',
      ]);
    });

    it('takes usernames of 3 and of 24 characters, as typed', async () => {
      for (const username of ['Abc', 'A'.repeat(24)]) {
        await expect(auth.client.mustRegister({ username })).resolves.toMatchObject({ user: { username } });
      }
    });

    it.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype'])(
      'treats the name %s like any other',
      async (username) => {
        const { user, accessToken } = await auth.client.mustRegister({ username });
        const found = await auth.harness.run('query ($username: String!) { userByUsername(username: $username) { id username } }', {
          variables: { username: username.toUpperCase() },
        });
        expect(found).toMatchObject({ data: { userByUsername: { id: user.id, username } } });
        await expect(auth.client.me(accessToken)).resolves.toMatchObject({ data: { me: { id: user.id } } });
        await expect(auth.client.register({ username })).resolves.toMatchObject({ __typename: 'UsernameTakenError' });
      },
    );

    it('lets one of fifty win that want the same name at once, and leaves nothing of the others', async () => {
      const spellings = Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? 'Highlander' : 'hIGHLANDER'));
      const answers = await Promise.all(spellings.map((username) => auth.client.register({ username })));
      const names = answers.map(({ __typename }) => __typename).sort();
      expect(names).toEqual(['AuthPayload', ...Array.from({ length: 49 }, () => 'UsernameTakenError')]);
      const rows = await auth.harness.prisma.account.findMany({ where: { usernameLower: 'highlander' }, select: { id: true } });
      expect(rows).toHaveLength(1);
      const orphans = await auth.harness.prisma.outboxEvent.count({
        where: { type: 'user.registered', payload: { path: ['username'], string_contains: 'ighlander' } },
      });
      const shouted = await auth.harness.prisma.outboxEvent.count({
        where: { type: 'user.registered', payload: { path: ['username'], equals: 'hIGHLANDER' } },
      });
      expect(orphans + shouted).toBe(1);
    });

    it('SECURITY 19: hands out a session, shows the person their own e-mail and announces both in order', async () => {
      const before = auth.harness.events.length;
      const { user, session, accessToken, refreshToken, expiresAt } = await auth.client.newPerson({
        email: ' Ada@Example.org ',
        device: 'Game console',
      });
      expect(user).toMatchObject({ email: 'Ada@Example.org', roles: ['USER'], mfaEnabled: false });
      expect(session).toEqual({
        id: session.id,
        user: { id: user.id },
        device: 'Game console',
        startedAt: new Date(auth.harness.now()).toISOString(),
        lastSeenAt: new Date(auth.harness.now()).toISOString(),
        expiresAt: new Date(auth.harness.now() + 30 * day).toISOString(),
        current: true,
      });
      expect(Buffer.from(refreshToken, 'base64url')).toHaveLength(32);
      expect(decodeProtectedHeader(accessToken)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: auth.harness.auth.jwks().keys[0]?.kid });
      const issuedAt = Math.floor(auth.harness.now() / second);
      expect(decodeJwt(accessToken)).toEqual({
        iss: 'urn:galaxia',
        aud: 'galaxia',
        iat: issuedAt,
        nbf: issuedAt,
        exp: issuedAt + 600,
        sub: user.id,
        sid: session.id,
        jti: expect.any(String),
        auth_time: issuedAt,
        amr: ['pwd'],
        roles: ['USER'],
        username: user.username,
      });
      expect(expiresAt).toBe(new Date((issuedAt + 600) * second).toISOString());
      await auth.harness.untilPublished((events) => events.slice(before).some((event) => event.type === 'session.started'));
      expect(auth.harness.events.slice(before).map(({ type, key, payload }) => ({ type, key, payload }))).toEqual([
        {
          type: 'user.registered',
          key: user.id,
          payload: { userId: user.id, username: user.username, createdAt: user.createdAt, legacyId: expect.any(Number) },
        },
        {
          type: 'session.started',
          key: user.id,
          payload: {
            sessionId: session.id,
            userId: user.id,
            device: 'Game console',
            startedAt: session.startedAt,
            expiresAt: session.expiresAt,
          },
        },
      ]);
    });

    it('SECURITY 10: answers alike for an e-mail address that is known and one that is not', async () => {
      const email = 'shared@example.org';
      const [first, second_] = [await auth.client.newPerson({ email }), await auth.client.newPerson({ email: email.toUpperCase() })];
      expect(second_.user.email).toBe(email.toUpperCase());
      expect(Object.keys(second_)).toEqual(Object.keys(first));
    });

    it('names the device after the User-Agent when the client says nothing, free of what Postgres refuses', async () => {
      const { session } = await auth.client.mustRegister(
        { username: auth.client.newName() },
        { userAgent: `Game\u0000Client \ud800${'x'.repeat(200)}` },
      );
      expect(session.device).toMatch(/^Game Client x+$/);
      expect(session.device).toHaveLength(100);
      const blank = await auth.client.mustRegister({ username: auth.client.newName(), device: ' ' });
      expect(blank.session.device).toBeNull();
    });
  });

  describe('a password', () => {
    it.each([
      ['of 7 characters', 'ab!cd!7', 'TOO_SHORT'],
      ['of 129 characters', 'ab'.repeat(64) + 'c', 'TOO_LONG'],
      ['of 129 emoji', '🚀🪐'.repeat(64) + '🚀', 'TOO_LONG'],
      ['of half a megabyte', 'x1'.repeat(250_000), 'TOO_LONG'],
      ['of lone surrogates', '\ud800\udbff'.repeat(5), 'INVALID_CHARS'],
      ['of nothing', '', 'EMPTY'],
      ['that everybody has', 'Password', 'TOO_COMMON'],
      ['that everybody has, with digits', 'iloveyou2026!', 'TOO_COMMON'],
      ['of one character', 'zzzzzzzzzz', 'TOO_COMMON'],
      ['that is the name of the product', 'Galaxia2026', 'TOO_COMMON'],
      ['that is the e-mail address', 'eve@example.org', 'TOO_COMMON'],
    ])('%s is refused', async (_name, password, code) => {
      const answer = await auth.client.register({ username: auth.client.newName(), email: 'eve@example.org', password });
      expect(answer.fields).toEqual([expect.objectContaining({ path: 'password', code })]);
    });

    it('that is the username is refused', async () => {
      for (const password of ['Gandalf_Grey', 'gandalf_grey99']) {
        const answer = await auth.client.register({ username: 'gandalf_grey', password });
        expect(answer.fields).toEqual([expect.objectContaining({ path: 'password', code: 'TOO_COMMON' })]);
      }
    });

    it.each([
      ['8 characters', 'tr0ub4d&'],
      ['128 characters', 'ab'.repeat(64)],
      ['128 emoji', '🚀🪐'.repeat(64)],
      ['blanks around it', '  space cadet  '],
      ['a NUL', 'nul\u0000nul\u0000nul'],
    ])('of %s works, and nothing shorter than the whole of it', async (_name, password) => {
      const { user } = await auth.client.newPerson({ password });
      await expect(auth.client.mustLogin({ identifier: user.username, password })).resolves.toMatchObject({ user: { id: user.id } });
      for (const other of [password.slice(0, -1), password + 'x', password.trim() + '!', password.toUpperCase() + ' ']) {
        await expect(auth.client.login({ identifier: user.username, password: other })).resolves.toMatchObject({
          code: 'INVALID_CREDENTIALS',
        });
      }
    });

    it('is the same from a keyboard that composes its accents and one that does not', async () => {
      const { user } = await auth.client.newPerson({ password: 'Crème brûlée'.normalize('NFC') });
      await auth.client.mustLogin({ identifier: user.username, password: 'Crème brûlée'.normalize('NFD') });
    });
  });
});
