import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { createDomainEvent } from '../../shared/events/domain-events.js';
import { createAuthClient, goodPassword } from './tests/auth-client.js';
import { encryptionKey, startAuth } from './tests/auth-harness.js';
import { createMailbox } from './tests/mailbox.js';
import { useAuth } from './tests/use-auth.js';
import { testDatabases } from '../../tests/testkit/databases.js';

const second = 1_000;
const day = 86_400_000;
const databases = await testDatabases();
const unauthenticated = expect.objectContaining({ code: 'UNAUTHENTICATED' });

describe.each(databases)('auth on $name', ({ open }) => {
  const auth = useAuth(open, createAuthClient);
  let people = 0;

  const newName = () => `person_${String((people += 1))}`;
  const newPerson = async (input: object = {}) => auth.client.mustRegister({ username: newName(), ...input });
  const me = (token: string) => auth.harness.run('{ me { id username email roles mfaEnabled } }', { token });

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
        await expect(me(accessToken)).resolves.toMatchObject({ data: { me: { id: user.id } } });
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
      const { user, session, accessToken, refreshToken, expiresAt } = await newPerson({
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
      const [first, second_] = [await newPerson({ email }), await newPerson({ email: email.toUpperCase() })];
      expect(second_.user.email).toBe(email.toUpperCase());
      expect(Object.keys(second_)).toEqual(Object.keys(first));
    });

    it('names the device after the User-Agent when the auth.client says nothing, free of what Postgres refuses', async () => {
      const { session } = await auth.client.mustRegister(
        { username: newName() },
        { userAgent: `Game\u0000Client \ud800${'x'.repeat(200)}` },
      );
      expect(session.device).toMatch(/^Game Client x+$/);
      expect(session.device).toHaveLength(100);
      const blank = await auth.client.mustRegister({ username: newName(), device: ' ' });
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
      const answer = await auth.client.register({ username: newName(), email: 'eve@example.org', password });
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
      const { user } = await newPerson({ password });
      await expect(auth.client.mustLogin({ identifier: user.username, password })).resolves.toMatchObject({ user: { id: user.id } });
      for (const other of [password.slice(0, -1), password + 'x', password.trim() + '!', password.toUpperCase() + ' ']) {
        await expect(auth.client.login({ identifier: user.username, password: other })).resolves.toMatchObject({
          code: 'INVALID_CREDENTIALS',
        });
      }
    });

    it('is the same from a keyboard that composes its accents and one that does not', async () => {
      const { user } = await newPerson({ password: 'Crème brûlée'.normalize('NFC') });
      await auth.client.mustLogin({ identifier: user.username, password: 'Crème brûlée'.normalize('NFD') });
    });
  });

  describe('login', () => {
    it('SECURITY 9: answers alike for an unknown user, a wrong password and an account without one', async () => {
      const { user } = await newPerson({ email: 'known@example.org' });
      const passwordless = await newPerson();
      await auth.harness.prisma.credential.deleteMany({ where: { accountId: passwordless.user.id } });
      const answers = [
        await auth.client.login({ identifier: user.username, password: 'wrong password' }),
        await auth.client.login({ identifier: 'known@example.org', password: 'wrong password' }),
        await auth.client.login({ identifier: user.username, password: 'x'.repeat(100_000) }),
        await auth.client.login({ identifier: user.username, password: '' }),
        await auth.client.login({ identifier: 'nobody_at_all' }),
        await auth.client.login({ identifier: 'unknown@example.org' }),
        await auth.client.login({ identifier: passwordless.user.username }),
        await auth.client.login({ identifier: 'nul\u0000byte@example.org' }),
        await auth.client.login({ identifier: "' OR 1=1 --" }),
        await auth.client.login({ identifier: '' }),
        await auth.client.login({ identifier: 'x'.repeat(100_000) }),
      ];
      for (const answer of answers) expect(answer).toEqual(answers[0]);
      expect(answers[0]).toMatchObject({ __typename: 'InvalidCredentialsError', code: 'INVALID_CREDENTIALS' });
    });

    it('SECURITY 26: takes username and e-mail without regard to case, and starts a new session each time', async () => {
      const { user, session } = await newPerson({ email: 'Case@Example.org' });
      const sessions = new Set([session.id]);
      for (const identifier of [user.username, user.username.toUpperCase(), 'case@example.org', ' CASE@EXAMPLE.ORG ']) {
        const signedIn = await auth.client.mustLogin({ identifier });
        expect(signedIn.user).toEqual(user);
        sessions.add(signedIn.session.id);
      }
      expect(sessions.size).toBe(5);
    });

    it('by an e-mail address means whoever verified it, and otherwise who came first', async () => {
      const email = 'contested@example.org';
      const first = await newPerson({ email, password: 'password of the first' });
      auth.harness.advance(second);
      const verified = await newPerson({ email, password: 'password of the second' });
      await auth.client.mustLogin({ identifier: email, password: 'password of the first' });
      await auth.harness.prisma.account.update({
        where: { id: verified.user.id },
        data: { emailVerifiedAt: new Date() },
        select: { id: true },
      });
      const signedIn = await auth.client.mustLogin({ identifier: email, password: 'password of the second' });
      expect(signedIn.user.id).toBe(verified.user.id);
      // Who merely claims the address comes to their own account as before, or they would learn that somebody has verified it.
      const claimant = await auth.client.mustLogin({ identifier: email, password: 'password of the first' });
      expect(claimant.user.id).toBe(first.user.id);
      expect(first.user.id).not.toBe(verified.user.id);
    });

    it('SECURITY 13: processes one of a hundred aliases in an operation', async () => {
      const { user } = await newPerson();
      const before = await auth.harness.prisma.refreshFamily.count({ where: { accountId: user.id } });
      const aliases = Array.from(
        { length: 100 },
        (_, index) => `a${String(index)}: login(input: {identifier: "${user.username}", password: "${goodPassword}"}) { __typename }`,
      );
      const { errors } = await auth.harness.run(`mutation { ${aliases.join('\n')} }`);
      expect(errors?.[0]?.originalError).toMatchObject({ code: 'BAD_USER_INPUT' });
      expect((await auth.harness.prisma.refreshFamily.count({ where: { accountId: user.id } })) - before).toBe(1);
    });
  });

  describe('refreshSession', () => {
    it.each(['', 'nonsense', 'A'.repeat(43), 'A'.repeat(100_000), '\u0000'.repeat(43)])(
      'SECURITY 22: refuses what it never gave out',
      async (token) => {
        await expect(auth.client.refresh(token)).resolves.toMatchObject({
          __typename: 'InvalidRefreshTokenError',
          code: 'INVALID_REFRESH_TOKEN',
        });
      },
    );

    it('SECURITY 23: exchanges a token for its successor in the same session', async () => {
      const person = await newPerson({ email: 'own@example.org' });
      auth.harness.advance(60 * second);
      const next = await auth.client.mustRefresh(person.refreshToken);
      expect(next.refreshToken).not.toBe(person.refreshToken);
      expect(next.user).toEqual(person.user);
      expect(next.session).toEqual({
        ...person.session,
        lastSeenAt: new Date(auth.harness.now()).toISOString(),
        expiresAt: new Date(auth.harness.now() + 30 * day).toISOString(),
      });
      expect(decodeJwt(next.accessToken)).toMatchObject({
        sid: person.session.id,
        auth_time: decodeJwt(person.accessToken).auth_time,
        iat: Math.floor(auth.harness.now() / second),
      });
      await auth.harness.untilPublished((events) => events.some(({ type, key }) => type === 'session.refreshed' && key === person.user.id));
    });

    it('SECURITY 24: gives fifty parallel requests the same new token, and logs nobody out', async () => {
      const person = await newPerson();
      const answers = await Promise.all(Array.from({ length: 50 }, () => auth.client.mustRefresh(person.refreshToken)));
      expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(1);
      await expect(auth.harness.prisma.refreshToken.count({ where: { familyId: person.session.id } })).resolves.toBe(2);
      const next = await auth.client.mustRefresh(answers[0]?.refreshToken ?? '');
      await expect(me(next.accessToken)).resolves.toMatchObject({ data: { me: { id: person.user.id } } });
    });

    it('SECURITY 24: answers a retry within 30 seconds alike, and takes a later one for theft', async () => {
      const person = await newPerson();
      const next = await auth.client.mustRefresh(person.refreshToken);
      auth.harness.advance(30 * second);
      await expect(auth.client.mustRefresh(person.refreshToken)).resolves.toMatchObject({ refreshToken: next.refreshToken });
      auth.harness.advance(1);
      await expect(auth.client.refresh(person.refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
      await expect(auth.client.refresh(next.refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
      await expect(me(next.accessToken)).rejects.toEqual(unauthenticated);
      await auth.harness.untilPublished((events) =>
        events.some(
          ({ type, payload }) =>
            type === 'session.ended' &&
            JSON.stringify(payload).includes(person.session.id) &&
            JSON.stringify(payload).includes('TOKEN_REUSE'),
        ),
      );
    });

    it('SECURITY 23: writes a reuse down, and a mail to its owner in the same breath', async () => {
      const person = await newPerson({ email: 'robbed@example.org' });
      await auth.client.mustRefresh(person.refreshToken);
      auth.harness.advance(31 * second);
      await Promise.all([auth.client.refresh(person.refreshToken), auth.client.refresh(person.refreshToken)]);
      const { id: sessionId } = person.session;
      const told = await auth.harness.prisma.auditEvent.findMany({ where: { sessionId, action: 'REFRESH_TOKEN_REUSED' } });
      expect(told).toEqual([expect.objectContaining({ accountId: person.user.id, actorId: null, details: {} })]);
      const mail = await createMailbox(auth.harness.mailFolder).next('robbed@example.org', 'was ended');
      expect(mail.text).toContain(person.user.username);
    });

    it('SECURITY 23: notices the theft of a token of many generations ago', async () => {
      const person = await newPerson();
      let { refreshToken } = person;
      for (let rotation = 0; rotation < 5; rotation += 1) {
        auth.harness.advance(31 * second);
        ({ refreshToken } = await auth.client.mustRefresh(refreshToken));
      }
      await auth.client.refresh(person.refreshToken);
      await expect(auth.client.refresh(refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    });

    it('SECURITY 23: leaves other sessions of the person alone when one is stolen', async () => {
      const person = await newPerson();
      const other = await auth.client.mustLogin({ identifier: person.user.username });
      await auth.client.mustRefresh(person.refreshToken);
      auth.harness.advance(31 * second);
      await auth.client.refresh(person.refreshToken);
      await auth.client.mustRefresh(other.refreshToken);
      await expect(me(other.accessToken)).resolves.toMatchObject({ data: { me: { id: person.user.id } } });
    });

    it('SECURITY 25: ends a session that rested for 30 days, not one that rested a moment less', async () => {
      const [kept, lost] = [await newPerson(), await newPerson()];
      auth.harness.advance(30 * day - 1);
      await auth.client.mustRefresh(kept.refreshToken);
      auth.harness.advance(1);
      await expect(auth.client.refresh(lost.refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    });

    it('SECURITY 25: ends a session after 90 days however busy it is, and its last access token with it', async () => {
      const person = await newPerson();
      let { refreshToken } = person;
      for (let month = 0; month < 3; month += 1) {
        auth.harness.advance(30 * day - (month === 2 ? 60 * second : 1));
        const next = await auth.client.mustRefresh(refreshToken);
        ({ refreshToken } = next);
        if (month < 2) continue;
        const end = Date.parse(person.session.startedAt) + 90 * day;
        expect(next.session.expiresAt).toBe(new Date(end).toISOString());
        expect(Date.parse(next.expiresAt)).toBeLessThanOrEqual(end);
      }
      auth.harness.advance(61 * second);
      await expect(auth.client.refresh(refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    });
  });

  describe('logout', () => {
    it('is refused without a token, and with a refresh token that is not good', async () => {
      await expect(auth.client.logout(null)).rejects.toEqual(unauthenticated);
      await expect(auth.client.logout({})).rejects.toEqual(unauthenticated);
      await expect(auth.client.logout({ refreshToken: 'A'.repeat(43) })).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    });

    it('SECURITY 21: ends the session of the access token at once, and announces it once', async () => {
      const person = await newPerson();
      const other = await auth.client.mustLogin({ identifier: person.user.username });
      const answer = await auth.client.logout(null, { token: person.accessToken });
      expect(answer).toEqual({ __typename: 'LogoutPayload', sessionId: person.session.id });
      await expect(me(person.accessToken)).rejects.toEqual(unauthenticated);
      await expect(auth.client.refresh(person.refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
      await auth.client.mustRefresh(other.refreshToken);
      await auth.harness.untilPublished((events) => events.some(({ type, key }) => type === 'session.refreshed' && key === person.user.id));
      const ended = auth.harness.events.filter(({ type, key }) => type === 'session.ended' && key === person.user.id);
      expect(ended.map(({ payload }) => payload)).toEqual([
        { sessionId: person.session.id, userId: person.user.id, endedAt: new Date(auth.harness.now()).toISOString(), reason: 'LOGOUT' },
      ]);
    });

    it('ends the session of a refresh token without an access token', async () => {
      const person = await newPerson();
      await expect(auth.client.logout({ refreshToken: person.refreshToken })).resolves.toMatchObject({ sessionId: person.session.id });
      await expect(me(person.accessToken)).rejects.toEqual(unauthenticated);
      await expect(auth.client.logout({ refreshToken: person.refreshToken })).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    });
  });

  it('SECURITY 27: follows the end of a session that another subgraph announces, however often it is told', async () => {
    const person = await newPerson();
    const payload = {
      sessionId: person.session.id,
      userId: person.user.id,
      endedAt: new Date(auth.harness.now()).toISOString(),
      reason: 'ENDED' as const,
    };
    const ended = createDomainEvent('session.ended', { key: person.user.id, payload });
    for (let delivery = 0; delivery < 3; delivery += 1) await auth.harness.publish(ended);
    await auth.harness.publish(
      createDomainEvent('session.ended', { key: person.user.id, payload: { ...payload, sessionId: randomUUID() } }),
    );
    await expect(auth.client.refresh(person.refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    await expect(me(person.accessToken)).rejects.toEqual(unauthenticated);
    await expect(
      auth.harness.prisma.refreshFamily.findUnique({ where: { id: person.session.id }, select: { revokedReason: true } }),
    ).resolves.toEqual({ revokedReason: 'ENDED' });
  });

  it('names the device of a session as its user has named it elsewhere, the last name in whatever order it is told again', async () => {
    const person = await newPerson();
    const [sessionId, userId] = [person.session.id, person.user.id];
    const renamed = (device: string | null) =>
      createDomainEvent('session.renamed', { key: userId, payload: { sessionId, userId, device } });
    const [first, last] = [renamed('Pocket'), renamed('Desk')];
    for (const event of [first, last, first]) await auth.harness.publish(event);
    const device = () => auth.harness.prisma.refreshFamily.findUnique({ where: { id: sessionId }, select: { device: true } });
    await expect(device()).resolves.toEqual({ device: 'Desk' });
    await auth.harness.publish(renamed(null));
    await expect(device()).resolves.toEqual({ device: null });
  });

  describe('a look-up', () => {
    const lookUp = `query ($id: ID!, $username: String!) {
      user(id: $id) { id username email roles mfaEnabled }
      userByUsername(username: $username) { id username email roles mfaEnabled }
    }`;

    it('is null for an anonymous `me`, an unknown id, what is no id and what is no name', async () => {
      await expect(auth.harness.run('{ me { id } }')).resolves.toEqual({ data: { me: null } });
      for (const [id, username] of [
        [randomUUID(), 'nobody_here'],
        ['not-a-uuid', 'x'],
        ['', ''],
        ["' OR 1=1", "' OR 1=1"],
        ['\u0000', 'nul\u0000'],
        ['__proto__', '__proto__'],
      ]) {
        await expect(auth.harness.run(lookUp, { variables: { id, username } })).resolves.toEqual({
          data: { user: null, userByUsername: null },
        });
      }
    });

    it('shows e-mail and second factor to the person alone, roles to administrators too', async () => {
      const ada = await newPerson({ email: 'ada@example.org' });
      const variables = { id: ada.user.id.toUpperCase(), username: ada.user.username.toUpperCase() };
      const { id, username } = ada.user;
      const own = { id, username, email: 'ada@example.org', roles: ['USER'], mfaEnabled: false };
      const hidden = { id, username, email: null, roles: null, mfaEnabled: null };

      const stranger = await newPerson();
      await auth.harness.prisma.account.update({
        where: { id: stranger.user.id },
        data: { roles: ['USER', 'MODERATOR'] },
        select: { id: true },
      });
      const admin = await newPerson();
      await auth.harness.prisma.account.update({ where: { id: admin.user.id }, data: { roles: ['USER', 'ADMIN'] }, select: { id: true } });
      const tokenOf = async (name: string) => (await auth.client.mustLogin({ identifier: name })).accessToken;

      for (const [token, seen] of [
        [undefined, hidden],
        [await tokenOf(stranger.user.username), hidden],
        [await tokenOf(admin.user.username), { ...hidden, roles: ['USER'] }],
        [ada.accessToken, own],
      ] as const) {
        await expect(auth.harness.run(lookUp, { variables, token })).resolves.toEqual({ data: { user: seen, userByUsername: seen } });
      }
    });

    it('by reference finds those that exist, in order, and hides what a look-up hides', async () => {
      const [ada, bob] = [await newPerson({ email: 'ada@example.org' }), await newPerson()];
      const representations = [bob.user.id, 'nonsense', ada.user.id, randomUUID(), bob.user.id].map((id) => ({ __typename: 'User', id }));
      const found = await auth.harness.run(
        'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on User { username email } } }',
        {
          variables: { representations },
          token: bob.accessToken,
        },
      );
      const [bobSeen, adaSeen] = [bob, ada].map(({ user }) => ({ username: user.username, email: null }));
      expect(found).toEqual({ data: { _entities: [bobSeen, null, adaSeen, null, bobSeen] } });
    });

    it('is refused altogether with a bad token', async () => {
      await expect(me('aaa.bbb.ccc')).rejects.toEqual(unauthenticated);
    });
  });

  it('keeps neither passwords, nor refresh tokens, nor private keys readable at rest', async () => {
    const password = 'a very secret passphrase';
    const person = await newPerson({ password });
    const next = await auth.client.mustRefresh(person.refreshToken);
    const rows = JSON.stringify([
      await auth.harness.prisma.account.findMany(),
      await auth.harness.prisma.credential.findMany(),
      await auth.harness.prisma.refreshFamily.findMany(),
      await auth.harness.prisma.refreshToken.findMany(),
      await auth.harness.prisma.signingKey.findMany(),
      (await auth.harness.prisma.outboxEvent.findMany()).map(({ payload }) => payload),
    ]);
    for (const secret of [password, person.refreshToken, next.refreshToken, person.accessToken, '"d":']) expect(rows).not.toContain(secret);
    expect(rows).toContain('$argon2id$v=19$m=256,t=2,p=1$');
  });

  it('SECURITY 20: shows the public parts of its keys and nothing else', () => {
    for (const key of auth.harness.auth.jwks().keys) expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
  });

  describe('the signing key', () => {
    it('SECURITY 20: is kept over a restart: tokens stay good', async () => {
      const person = await newPerson();
      const restarted = await startAuth(await auth.opened.again());
      try {
        restarted.advance(auth.harness.now() - restarted.now());
        expect(restarted.auth.jwks()).toEqual(auth.harness.auth.jwks());
        await expect(restarted.run('{ me { id } }', { token: person.accessToken })).resolves.toEqual({
          data: { me: { id: person.user.id } },
        });
      } finally {
        await restarted.close();
      }
    });

    it('SECURITY 20: cannot be read with another secret, and the start says so', async () => {
      await expect(startAuth(await auth.opened.again(), { encryptionKey: encryptionKey.map((byte) => byte + 1) })).rejects.toThrow(
        'another secret',
      );
    });

    it('SECURITY 20: is one, however many processes start at once', async () => {
      const fresh = await open();
      const handles = [fresh.database, ...(await Promise.all(Array.from({ length: 4 }, () => fresh.again())))];
      const replicas = await Promise.all(handles.map((handle) => startAuth(handle)));
      try {
        const kids = replicas.map(({ auth }) => auth.jwks().keys.map(({ kid }) => kid));
        expect(new Set(kids.flat()).size).toBe(1);
        const [one, two] = replicas;
        const person = await createAuthClient({ run: (...args) => (one ?? auth.harness).run(...args) }).mustRegister({
          username: 'replicated',
        });
        await expect((two ?? auth.harness).run('{ me { id } }', { token: person.accessToken })).resolves.toEqual({
          data: { me: { id: person.user.id } },
        });
      } finally {
        for (const replica of replicas) await replica.close();
        await fresh.close();
      }
    });
  });
});
