import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import { testDatabases } from '../../../../tests/testkit/services/databases.js';
import { createAuthClient, goodPassword } from '../../tests/auth-client.js';
import { createMailbox } from '../../tests/mailbox.js';
import { useAuth } from '../../tests/use-auth.js';

const second = 1_000;
const day = 86_400_000;
const unauthenticated = expect.objectContaining({ code: 'UNAUTHENTICATED' });

const databases = await testDatabases();

describe.each(databases)('sessions on $name', ({ open }) => {
  const auth = useAuth(open, createAuthClient);

  describe('login', () => {
    it('SECURITY 9: answers alike for an unknown user, a wrong password and an account without one', async () => {
      const { user } = await auth.client.newPerson({ email: 'known@example.org' });
      const passwordless = await auth.client.newPerson();
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
      const { user, session } = await auth.client.newPerson({ email: 'Case@Example.org' });
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
      const first = await auth.client.newPerson({ email, password: 'password of the first' });
      auth.harness.advance(second);
      const verified = await auth.client.newPerson({ email, password: 'password of the second' });
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
      const { user } = await auth.client.newPerson();
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
      const person = await auth.client.newPerson({ email: 'own@example.org' });
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
      const person = await auth.client.newPerson();
      const answers = await Promise.all(Array.from({ length: 50 }, () => auth.client.mustRefresh(person.refreshToken)));
      expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(1);
      await expect(auth.harness.prisma.refreshToken.count({ where: { familyId: person.session.id } })).resolves.toBe(2);
      const next = await auth.client.mustRefresh(answers[0]?.refreshToken ?? '');
      await expect(auth.client.me(next.accessToken)).resolves.toMatchObject({ data: { me: { id: person.user.id } } });
    });

    it('SECURITY 24: answers a retry within 30 seconds alike, and takes a later one for theft', async () => {
      const person = await auth.client.newPerson();
      const next = await auth.client.mustRefresh(person.refreshToken);
      auth.harness.advance(30 * second);
      await expect(auth.client.mustRefresh(person.refreshToken)).resolves.toMatchObject({ refreshToken: next.refreshToken });
      auth.harness.advance(1);
      await expect(auth.client.refresh(person.refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
      await expect(auth.client.refresh(next.refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
      await expect(auth.client.me(next.accessToken)).rejects.toEqual(unauthenticated);
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
      const person = await auth.client.newPerson({ email: 'robbed@example.org' });
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
      const person = await auth.client.newPerson();
      let { refreshToken } = person;
      for (let rotation = 0; rotation < 5; rotation += 1) {
        auth.harness.advance(31 * second);
        ({ refreshToken } = await auth.client.mustRefresh(refreshToken));
      }
      await auth.client.refresh(person.refreshToken);
      await expect(auth.client.refresh(refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    });

    it('SECURITY 23: leaves other sessions of the person alone when one is stolen', async () => {
      const person = await auth.client.newPerson();
      const other = await auth.client.mustLogin({ identifier: person.user.username });
      await auth.client.mustRefresh(person.refreshToken);
      auth.harness.advance(31 * second);
      await auth.client.refresh(person.refreshToken);
      await auth.client.mustRefresh(other.refreshToken);
      await expect(auth.client.me(other.accessToken)).resolves.toMatchObject({ data: { me: { id: person.user.id } } });
    });

    it('SECURITY 25: ends a session that rested for 30 days, not one that rested a moment less', async () => {
      const [kept, lost] = [await auth.client.newPerson(), await auth.client.newPerson()];
      auth.harness.advance(30 * day - 1);
      await auth.client.mustRefresh(kept.refreshToken);
      auth.harness.advance(1);
      await expect(auth.client.refresh(lost.refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    });

    it('SECURITY 25: ends a session after 90 days however busy it is, and its last access token with it', async () => {
      const person = await auth.client.newPerson();
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
      const person = await auth.client.newPerson();
      const other = await auth.client.mustLogin({ identifier: person.user.username });
      const answer = await auth.client.logout(null, { token: person.accessToken });
      expect(answer).toEqual({ __typename: 'LogoutPayload', sessionId: person.session.id });
      await expect(auth.client.me(person.accessToken)).rejects.toEqual(unauthenticated);
      await expect(auth.client.refresh(person.refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
      await auth.client.mustRefresh(other.refreshToken);
      await auth.harness.untilPublished((events) => events.some(({ type, key }) => type === 'session.refreshed' && key === person.user.id));
      const ended = auth.harness.events.filter(({ type, key }) => type === 'session.ended' && key === person.user.id);
      expect(ended.map(({ payload }) => payload)).toEqual([
        { sessionId: person.session.id, userId: person.user.id, endedAt: new Date(auth.harness.now()).toISOString(), reason: 'LOGOUT' },
      ]);
    });

    it('ends the session of a refresh token without an access token', async () => {
      const person = await auth.client.newPerson();
      await expect(auth.client.logout({ refreshToken: person.refreshToken })).resolves.toMatchObject({ sessionId: person.session.id });
      await expect(auth.client.me(person.accessToken)).rejects.toEqual(unauthenticated);
      await expect(auth.client.logout({ refreshToken: person.refreshToken })).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    });
  });

  it('SECURITY 27: follows the end of a session that another subgraph announces, however often it is told', async () => {
    const person = await auth.client.newPerson();
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
    await expect(auth.client.me(person.accessToken)).rejects.toEqual(unauthenticated);
    await expect(
      auth.harness.prisma.refreshFamily.findUnique({ where: { id: person.session.id }, select: { revokedReason: true } }),
    ).resolves.toEqual({ revokedReason: 'ENDED' });
  });

  it('names the device of a session as its user has named it elsewhere, the last name in whatever order it is told again', async () => {
    const person = await auth.client.newPerson();
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
});
