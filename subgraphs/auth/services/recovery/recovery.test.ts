import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRateLimits } from '../../../../shared/rate-limits/rate-limits.js';
import { testDatabases, type OpenedDatabase } from '../../../../tests/testkit/services/databases.js';
import { goodPassword } from '../../tests/auth-client.js';
import { logger, startAuth, type AuthHarness } from '../../tests/auth-harness.js';
import { createRecoveryClient, newPassword } from '../../tests/recovery-client.js';
import { mailTokenLifetimeMs } from '../mail/mail-token.js';
import { mailsPerRecipient } from '../throttling/throttles.js';

const databases = await testDatabases();

describe.each(databases)('a forgotten password on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let harness: AuthHarness;
  let client: ReturnType<typeof createRecoveryClient>;

  beforeAll(async () => {
    opened = await open();
    harness = await startAuth(opened.database);
    client = createRecoveryClient(harness);
  });

  afterAll(async () => {
    await harness.close();
    await opened.close();
  });

  it('SECURITY 8: is replaced with a token from a mail: once, with all sessions ended, nobody signed in, and a notice', async () => {
    const person = await client.newVerifiedPerson();
    const elsewhere = await client.mustLogin({ identifier: person.email });
    const token = await client.resetTokenFor(person.email);
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    const answer = await client.resetPassword(token);
    expect(answer).toEqual({ __typename: 'ResetPasswordPayload', endedSessions: 2 });

    for (const { accessToken, refreshToken } of [person, elsewhere]) {
      await expect(harness.run('{ me { id } }', { token: accessToken })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      await expect(client.refresh(refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    }
    await harness.untilPublished(
      (events) => events.filter(({ type, key }) => type === 'session.ended' && key === person.user.id).length === 2,
    );
    await expect(client.login({ identifier: person.email })).resolves.toMatchObject({ code: 'INVALID_CREDENTIALS' });
    await client.mustLogin({ identifier: person.email, password: newPassword });
    await client.mailbox.next(person.email, 'password was changed');
    await expect(client.resetPassword(token, 'yet another one entirely')).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
    const actions = await harness.prisma.auditEvent.findMany({ where: { accountId: person.user.id }, select: { action: true } });
    expect(actions.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['EMAIL_VERIFIED', 'PASSWORD_RESET_REQUESTED', 'PASSWORD_RESET']),
    );
  });

  it('SECURITY 8: opens no way around a second factor', async () => {
    const person = await client.newVerifiedPerson();
    const at = new Date(harness.now());
    await harness.prisma.totp.createMany({ data: [{ accountId: person.user.id, secret: 'sealed', createdAt: at, confirmedAt: at }] });
    const begun = await client.login({ identifier: person.email });
    expect(begun).toMatchObject({ __typename: 'MfaRequired' });
    await expect(client.resetPassword(await client.resetTokenFor(person.email))).resolves.toMatchObject({
      __typename: 'ResetPasswordPayload',
    });
    expect(await client.login({ identifier: person.email, password: newPassword })).toMatchObject({ __typename: 'MfaRequired' });
    const open = await harness.prisma.mfaChallenge.count({ where: { accountId: person.user.id, usedAt: null } });
    expect(open).toBe(1);
  });

  it('SECURITY 8: is replaced by one of fifty who use a token at once', async () => {
    const person = await client.newVerifiedPerson();
    const token = await client.resetTokenFor(person.email);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => client.resetPassword(token, `${newPassword} ${String(index)}`)),
    );
    const winners = answers.flatMap((answer, index) => (JSON.stringify(answer).includes('ResetPasswordPayload') ? [index] : []));
    expect(winners).toHaveLength(1);
    await client.mustLogin({ identifier: person.email, password: `${newPassword} ${String(winners[0])}` });
  });

  it('SECURITY 8: is replaced until just before the token expires, at most an hour after it was made, and not after', async () => {
    for (const [lateness, typename] of [
      [-1, 'ResetPasswordPayload'],
      [0, 'InvalidTokenError'],
    ] as const) {
      const person = await client.newVerifiedPerson();
      const token = await client.resetTokenFor(person.email);
      harness.advance(mailTokenLifetimeMs['password-reset'] + lateness);
      await expect(client.resetPassword(token)).resolves.toMatchObject({ __typename: typename });
    }
    expect(mailTokenLifetimeMs['password-reset']).toBeLessThanOrEqual(60 * 60_000);
  });

  it('SECURITY 8: is not replaced with a token to verify an address, nor the other way round', async () => {
    const email = client.newAddress();
    await client.newPerson(email);
    await expect(client.resetPassword(await client.tokenTo(email, 'Confirm'))).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
    const person = await client.newVerifiedPerson();
    await expect(client.verifyEmail(await client.resetTokenFor(person.email))).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
  });

  it('SECURITY 8: costs no token when the new one breaks a rule', async () => {
    const person = await client.newVerifiedPerson();
    const token = await client.resetTokenFor(person.email);
    await expect(client.resetPassword(token, 'short')).resolves.toMatchObject({ fields: [{ path: 'newPassword', code: 'TOO_SHORT' }] });
    await expect(client.resetPassword(token, person.user.username)).resolves.toMatchObject({ fields: [{ code: 'TOO_COMMON' }] });
    await expect(client.resetPassword(token)).resolves.toMatchObject({ __typename: 'ResetPasswordPayload' });
  });

  it('SECURITY 8: one reset, and one change of password or of address, voids every token of before', async () => {
    const reset = await client.newVerifiedPerson();
    const [first, second] = [await client.resetTokenFor(reset.email), await client.resetTokenFor(reset.email)];
    await expect(client.resetPassword(second)).resolves.toMatchObject({ __typename: 'ResetPasswordPayload' });
    await expect(client.resetPassword(first)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });

    const changed = await client.newVerifiedPerson();
    const old = await client.resetTokenFor(changed.email);
    await expect(
      harness.run('mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename } }', {
        variables: { input: { currentPassword: goodPassword, newPassword } },
        token: changed.accessToken,
      }),
    ).resolves.toMatchObject({ data: { changePassword: { __typename: 'ChangePasswordPayload' } } });
    await expect(client.resetPassword(old)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });

    const moved = await client.newVerifiedPerson();
    const stale = await client.resetTokenFor(moved.email);
    await expect(client.changeEmail(client.newAddress(), moved.accessToken)).resolves.toMatchObject({ __typename: 'ChangeEmailPayload' });
    await expect(client.resetPassword(stale)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
  });

  it('SECURITY 8: tokens and mails are nowhere in the database in clear', async () => {
    const person = await client.newVerifiedPerson();
    const [token, reset] = [await client.resetTokenFor(person.email), await client.resetTokenFor(person.email)];
    const dump = JSON.stringify([
      await harness.prisma.mailToken.findMany(),
      await harness.prisma.mail.findMany(),
      await harness.prisma.auditEvent.findMany(),
      (await harness.prisma.outboxEvent.findMany()).map(({ payload }) => payload),
    ]);
    expect(dump).not.toContain(token);
    expect(dump).not.toContain(reset);
  });

  it('SECURITY 10: is asked for with one answer, whether the account is unknown, unverified, disabled or there', async () => {
    const person = await client.newVerifiedPerson();
    const unverified = client.newAddress();
    await client.newPerson(unverified);
    const disabled = await client.newVerifiedPerson();
    await harness.prisma.account.updateMany({ where: { id: disabled.user.id }, data: { disabledAt: new Date() } });
    const before = (await client.mailbox.all()).length;
    const answers = [];
    for (const identifier of ['nobody_at_all', 'nobody@example.org', '', '\u0000', unverified, disabled.email, person.user.username]) {
      answers.push(await client.requestReset(identifier));
    }
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    // The requests are worked off in order: once the last one's mail is there, the others have had their turn.
    await client.mailbox.next(person.email, 'Choose a new password');
    const subjects = (await client.mailbox.all()).slice(before).map(({ to, subject }) => `${to} ${subject}`);
    expect(subjects.filter((line) => line.includes('Choose a new password'))).toHaveLength(1);
    expect(await harness.prisma.mailToken.count({ where: { accountId: disabled.user.id, purpose: 'password-reset' } })).toBe(0);
  });

  it('SECURITY 8: is not replaced once the account is disabled', async () => {
    const person = await client.newVerifiedPerson();
    const token = await client.resetTokenFor(person.email);
    await harness.prisma.account.updateMany({ where: { id: person.user.id }, data: { disabledAt: new Date() } });
    await expect(client.resetPassword(token)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
  });

  it('is asked for once in an operation', async () => {
    const { errors } = await harness.run(
      'mutation { a: requestPasswordReset(input: {identifier: "a"}) { message } b: requestPasswordReset(input: {identifier: "b"}) { message } }',
    );
    expect(errors?.[0]?.originalError).toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

describe.each(databases)('mails on request, with limits, on $name', ({ open }) => {
  it('SECURITY 11: are five in an hour for an account and an address as typed, known or not, and then a wait', async () => {
    const opened = await open();
    const rateLimits = createRateLimits({ redisUrl: undefined, scale: 1, logger });
    const harness = await startAuth(opened.database, { rateLimits });
    try {
      const client = createRecoveryClient(harness);
      const person = await client.newPerson('limited@example.org');
      const refused = expect.objectContaining({ code: 'RATE_LIMITED', retryAfter: expect.any(Number) });
      for (const identifier of [person.user.username, 'nobody_at_all', 'nobody@example.org']) {
        for (let count = 0; count < mailsPerRecipient.points; count += 1) await client.requestReset(identifier);
        await expect(client.requestReset(identifier.toUpperCase())).rejects.toEqual(refused);
      }
      for (let count = 0; count < mailsPerRecipient.points; count += 1) await client.requestVerification(person.accessToken);
      await expect(client.requestVerification(person.accessToken)).rejects.toEqual(refused);
    } finally {
      await harness.close();
      await rateLimits.close();
      await opened.close();
    }
  });
});
