import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRateLimits } from '../../../../shared/rate-limits/rate-limits.js';
import { testDatabases, type OpenedDatabase } from '../../../../tests/testkit/databases.js';
import { text } from '../../../../tests/testkit/graphql-client.js';
import { ask, operations } from '../../tests/ask.js';
import { createAuthClient, goodPassword, type Payload } from '../../tests/auth-client.js';
import { logger, publicUrl, startAuth, type AuthHarness, type RunOptions } from '../../tests/auth-harness.js';
import { createMailbox, type Mailbox } from '../../tests/mailbox.js';
import { mailTokenLifetimeMs } from '../mail/mail-token.js';
import { tokenMailsPerAddress } from '../mail/token-mails.js';
import { mailsPerRecipient } from '../throttling/throttles.js';

const newPassword = 'a whole new battery of horses';
const databases = await testDatabases();

afterAll(async () => {
  for (const each of databases) await each.stop();
});

describe.each(databases)('mail and recovery on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let harness: AuthHarness;
  let client: ReturnType<typeof createAuthClient>;
  let mailbox: Mailbox;
  let people = 0;

  beforeAll(async () => {
    opened = await open();
    harness = await startAuth(opened.database);
    client = createAuthClient(harness);
    mailbox = createMailbox(harness.mailFolder);
  });

  afterAll(async () => {
    await harness.close();
    await opened.close();
  });

  async function send(field: string, selection: string, input: object | null, options: RunOptions = {}): Promise<Record<string, unknown>> {
    const types: Record<string, string> = {
      requestPasswordReset: 'RequestPasswordResetInput!',
      resetPassword: 'ResetPasswordInput!',
      changeEmail: 'ChangeEmailInput!',
      verifyEmail: 'VerifyEmailInput!',
    };
    const type = types[field];
    const document =
      type === undefined
        ? `mutation { ${field} { ${selection} } }`
        : `mutation ($input: ${type}) { ${field}(input: $input) { ${selection} } }`;
    const { data, errors } = await harness.run(document, { ...options, variables: { input } });
    if (errors !== undefined) throw errors[0]?.originalError ?? errors[0] ?? new Error('no error');
    return data?.[field] as Record<string, unknown>;
  }
  const requestReset = (identifier: string) => send('requestPasswordReset', 'message', { identifier });
  const resetPassword = (token: string, password = newPassword) =>
    send(
      'resetPassword',
      '__typename ... on UserError { code message } ... on ResetPasswordPayload { endedSessions } ... on InvalidInputError { fields { path code } }',
      { token, newPassword: password },
    );
  const verifyEmail = (token: string) =>
    send('verifyEmail', '__typename ... on UserError { code message } ... on VerifyEmailPayload { userId }', { token });
  const changeEmail = (email: string | null, token: string, password = goodPassword) =>
    send(
      'changeEmail',
      '__typename ... on UserError { code message } ... on ChangeEmailPayload { user { email emailVerified } } ... on InvalidInputError { fields { path code } }',
      { email, password },
      { token },
    );
  const requestVerification = (token: string) => send('requestEmailVerification', 'message', null, { token });

  const newAddress = () => `Person.${String((people += 1))}@Example.org`;
  const newPerson = (email: string, password = goodPassword) =>
    client.mustRegister({ username: `person_${String((people += 1))}`, email, password });
  async function tokenTo(email: string, subject: 'Confirm' | 'Choose a new password'): Promise<string> {
    const { token } = await mailbox.next(email, subject);
    if (token === undefined) throw new Error('the mail has no link');
    return token;
  }
  async function newVerifiedPerson(email = newAddress()): Promise<Payload & { email: string }> {
    const person = await newPerson(email);
    expect(await verifyEmail(await tokenTo(email, 'Confirm'))).toEqual({ __typename: 'VerifyEmailPayload', userId: person.user.id });
    return { ...person, email };
  }
  async function resetTokenFor(email: string): Promise<string> {
    await requestReset(email);
    return tokenTo(email, 'Choose a new password');
  }
  const emailVerified = async ({ accessToken }: Payload) =>
    (await harness.run('{ me { email emailVerified } }', { token: accessToken })).data?.me;

  describe('a new address', () => {
    it('is verified with the token of the mail that registering sends, once', async () => {
      const email = newAddress();
      const person = await newPerson(email);
      expect(await emailVerified(person)).toEqual({ email, emailVerified: false });
      const mail = await mailbox.next(email, 'Confirm');
      expect(mail.text).toContain(`"${person.user.username}"`);
      expect(mail.text).toContain(`${publicUrl}/account/verify-email#token=${String(mail.token)}\n`);
      // For games: the code by itself on a line.
      expect(mail.text.split('\n')).toContain(mail.token);
      await expect(verifyEmail(String(mail.token))).resolves.toEqual({ __typename: 'VerifyEmailPayload', userId: person.user.id });
      expect(await emailVerified(person)).toEqual({ email, emailVerified: true });
      await expect(verifyEmail(String(mail.token))).resolves.toMatchObject({ __typename: 'InvalidTokenError', code: 'INVALID_TOKEN' });
    });

    it.each(['', 'nonsense', 'A'.repeat(43), 'A'.repeat(100_000), '\u0000'.repeat(43), "' OR 1=1 --"])(
      'is not verified with what was never mailed: %#',
      async (token) => {
        await expect(verifyEmail(token)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
        await expect(resetPassword(token)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
      },
    );

    it('takes the code with the blanks that copying adds', async () => {
      const email = newAddress();
      await newPerson(email);
      await expect(verifyEmail(` ${await tokenTo(email, 'Confirm')}\n`)).resolves.toMatchObject({ __typename: 'VerifyEmailPayload' });
    });

    it('is verified until just before a day has passed, and not after', async () => {
      for (const [lateness, typename] of [
        [-1, 'VerifyEmailPayload'],
        [0, 'InvalidTokenError'],
      ] as const) {
        const email = newAddress();
        await newPerson(email);
        const token = await tokenTo(email, 'Confirm');
        harness.advance(mailTokenLifetimeMs['email-verification'] + lateness);
        await expect(verifyEmail(token)).resolves.toMatchObject({ __typename: typename });
      }
      expect(mailTokenLifetimeMs['email-verification']).toBe(24 * 60 * 60_000);
    });

    it('gets another mail on request, as long as it is not verified; one verification voids the other token', async () => {
      const email = newAddress();
      const person = await newPerson(email);
      const first = await tokenTo(email, 'Confirm');
      await requestVerification(person.accessToken);
      const second = await tokenTo(email, 'Confirm');
      expect(second).not.toBe(first);
      await expect(verifyEmail(second)).resolves.toMatchObject({ __typename: 'VerifyEmailPayload' });
      await expect(verifyEmail(first)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
      const before = await harness.prisma.mailToken.count({ where: { accountId: person.user.id } });
      await requestVerification(person.accessToken);
      expect(await harness.prisma.mailToken.count({ where: { accountId: person.user.id } })).toBe(before);
    });

    it('is asked for by nobody who is not signed in', async () => {
      await expect(send('requestEmailVerification', 'message', null)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      await expect(send('changeEmail', '__typename', { email: newAddress(), password: goodPassword })).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
      });
    });

    it('is sent so many mails in an hour and no more, however many accounts claim it', async () => {
      const email = newAddress();
      const { most, withinMs } = tokenMailsPerAddress;
      for (let count = 0; count < most; count += 1) await newPerson(email);
      const count = () => harness.prisma.mailToken.count({ where: { emailLower: email.toLowerCase() } });
      expect(await count()).toBe(most);
      const late = await newPerson(email);
      expect(late.user.email).toBe(email);
      expect(await count()).toBe(most);
      harness.advance(withinMs);
      await newPerson(email);
      expect(await count()).toBe(most + 1);
    });
  });

  describe('an address that several claim', () => {
    it('SECURITY 10: is unique once verified: of those who verify it at once one wins, and the others keep it unverified', async () => {
      const email = newAddress();
      const claimants = [await newPerson(email), await newPerson(email.toUpperCase()), await newPerson(email.toLowerCase())];
      const tokens = await Promise.all([email, email.toUpperCase(), email.toLowerCase()].map((to) => tokenTo(to, 'Confirm')));
      const answers = await Promise.all(tokens.map(verifyEmail));
      expect(answers.map(({ __typename }) => __typename).sort()).toEqual(['EmailTakenError', 'EmailTakenError', 'VerifyEmailPayload']);
      expect(answers).toContainEqual(expect.objectContaining({ code: 'EMAIL_TAKEN' }));
      const verified = await Promise.all(claimants.map(emailVerified));
      expect(verified.filter((me) => (me as { emailVerified: boolean }).emailVerified)).toHaveLength(1);
    });

    it('SECURITY 10: registering answers alike and mails alike for one that is verified and one that nobody knows', async () => {
      const known = await newVerifiedPerson();
      const unknown = newAddress();
      const [one, other] = [await newPerson(known.email), await newPerson(unknown)];
      expect(Object.keys(one)).toEqual(Object.keys(other));
      expect(one.user.email).toBe(known.email);
      const without = (text: string, person: Payload, token: string | undefined) =>
        text.replaceAll(person.user.username, 'NAME').replaceAll(String(token), 'TOKEN');
      const mails = [await mailbox.next(known.email, 'Confirm'), await mailbox.next(unknown, 'Confirm')] as const;
      expect(without(mails[0].text, one, mails[0].token)).toBe(without(mails[1].text, other, mails[1].token));
      expect(mails[0].subject).toBe(mails[1].subject);
    });
  });

  describe('a forgotten password', () => {
    it('SECURITY 8: is replaced with a token from a mail: once, with all sessions ended, nobody signed in, and a notice', async () => {
      const person = await newVerifiedPerson();
      const elsewhere = await client.mustLogin({ identifier: person.email });
      const token = await resetTokenFor(person.email);
      expect(Buffer.from(token, 'base64url')).toHaveLength(32);
      const answer = await resetPassword(token);
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
      await mailbox.next(person.email, 'password was changed');
      await expect(resetPassword(token, 'yet another one entirely')).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
      const actions = await harness.prisma.auditEvent.findMany({ where: { accountId: person.user.id }, select: { action: true } });
      expect(actions.map(({ action }) => action)).toEqual(
        expect.arrayContaining(['EMAIL_VERIFIED', 'PASSWORD_RESET_REQUESTED', 'PASSWORD_RESET']),
      );
    });

    it('SECURITY 8: opens no way around a second factor', async () => {
      const person = await newVerifiedPerson();
      const at = new Date(harness.now());
      await harness.prisma.totp.createMany({ data: [{ accountId: person.user.id, secret: 'sealed', createdAt: at, confirmedAt: at }] });
      const begun = await client.login({ identifier: person.email });
      expect(begun).toMatchObject({ __typename: 'MfaRequired' });
      await expect(resetPassword(await resetTokenFor(person.email))).resolves.toMatchObject({ __typename: 'ResetPasswordPayload' });
      expect(await client.login({ identifier: person.email, password: newPassword })).toMatchObject({ __typename: 'MfaRequired' });
      const open = await harness.prisma.mfaChallenge.count({ where: { accountId: person.user.id, usedAt: null } });
      expect(open).toBe(1);
    });

    it('SECURITY 8: is replaced by one of fifty who use a token at once', async () => {
      const person = await newVerifiedPerson();
      const token = await resetTokenFor(person.email);
      const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => resetPassword(token, `${newPassword} ${String(index)}`)));
      const winners = answers.flatMap(({ __typename }, index) => (__typename === 'ResetPasswordPayload' ? [index] : []));
      expect(winners).toHaveLength(1);
      await client.mustLogin({ identifier: person.email, password: `${newPassword} ${String(winners[0])}` });
    });

    it('SECURITY 8: is replaced until just before the token expires, at most an hour after it was made, and not after', async () => {
      for (const [lateness, typename] of [
        [-1, 'ResetPasswordPayload'],
        [0, 'InvalidTokenError'],
      ] as const) {
        const person = await newVerifiedPerson();
        const token = await resetTokenFor(person.email);
        harness.advance(mailTokenLifetimeMs['password-reset'] + lateness);
        await expect(resetPassword(token)).resolves.toMatchObject({ __typename: typename });
      }
      expect(mailTokenLifetimeMs['password-reset']).toBeLessThanOrEqual(60 * 60_000);
    });

    it('SECURITY 8: is not replaced with a token to verify an address, nor the other way round', async () => {
      const email = newAddress();
      await newPerson(email);
      await expect(resetPassword(await tokenTo(email, 'Confirm'))).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
      const person = await newVerifiedPerson();
      await expect(verifyEmail(await resetTokenFor(person.email))).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
    });

    it('SECURITY 8: costs no token when the new one breaks a rule', async () => {
      const person = await newVerifiedPerson();
      const token = await resetTokenFor(person.email);
      await expect(resetPassword(token, 'short')).resolves.toMatchObject({ fields: [{ path: 'newPassword', code: 'TOO_SHORT' }] });
      await expect(resetPassword(token, person.user.username)).resolves.toMatchObject({ fields: [{ code: 'TOO_COMMON' }] });
      await expect(resetPassword(token)).resolves.toMatchObject({ __typename: 'ResetPasswordPayload' });
    });

    it('SECURITY 8: one reset, and one change of password or of address, voids every token of before', async () => {
      const reset = await newVerifiedPerson();
      const [first, second] = [await resetTokenFor(reset.email), await resetTokenFor(reset.email)];
      await expect(resetPassword(second)).resolves.toMatchObject({ __typename: 'ResetPasswordPayload' });
      await expect(resetPassword(first)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });

      const changed = await newVerifiedPerson();
      const old = await resetTokenFor(changed.email);
      await expect(
        harness.run('mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename } }', {
          variables: { input: { currentPassword: goodPassword, newPassword } },
          token: changed.accessToken,
        }),
      ).resolves.toMatchObject({ data: { changePassword: { __typename: 'ChangePasswordPayload' } } });
      await expect(resetPassword(old)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });

      const moved = await newVerifiedPerson();
      const stale = await resetTokenFor(moved.email);
      await expect(changeEmail(newAddress(), moved.accessToken)).resolves.toMatchObject({ __typename: 'ChangeEmailPayload' });
      await expect(resetPassword(stale)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
    });

    it('SECURITY 8: tokens and mails are nowhere in the database in clear', async () => {
      const person = await newVerifiedPerson();
      const [token, reset] = [await resetTokenFor(person.email), await resetTokenFor(person.email)];
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
      const person = await newVerifiedPerson();
      const unverified = newAddress();
      await newPerson(unverified);
      const disabled = await newVerifiedPerson();
      await harness.prisma.account.updateMany({ where: { id: disabled.user.id }, data: { disabledAt: new Date() } });
      const before = (await mailbox.all()).length;
      const answers = [];
      for (const identifier of ['nobody_at_all', 'nobody@example.org', '', '\u0000', unverified, disabled.email, person.user.username]) {
        answers.push(await requestReset(identifier));
      }
      for (const answer of answers) expect(answer).toEqual(answers[0]);
      // The requests are worked off in order: once the last one's mail is there, the others have had their turn.
      await mailbox.next(person.email, 'Choose a new password');
      const subjects = (await mailbox.all()).slice(before).map(({ to, subject }) => `${to} ${subject}`);
      expect(subjects.filter((line) => line.includes('Choose a new password'))).toHaveLength(1);
      expect(await harness.prisma.mailToken.count({ where: { accountId: disabled.user.id, purpose: 'password-reset' } })).toBe(0);
    });

    it('SECURITY 8: is not replaced once the account is disabled', async () => {
      const person = await newVerifiedPerson();
      const token = await resetTokenFor(person.email);
      await harness.prisma.account.updateMany({ where: { id: person.user.id }, data: { disabledAt: new Date() } });
      await expect(resetPassword(token)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
    });

    it('is asked for once in an operation', async () => {
      const { errors } = await harness.run(
        'mutation { a: requestPasswordReset(input: {identifier: "a"}) { message } b: requestPasswordReset(input: {identifier: "b"}) { message } }',
      );
      expect(errors?.[0]?.originalError).toMatchObject({ code: 'BAD_USER_INPUT' });
    });
  });

  describe('changing the address', () => {
    it('SECURITY 7: needs the password', async () => {
      const person = await newVerifiedPerson();
      await expect(changeEmail(newAddress(), person.accessToken, 'wrong password')).resolves.toMatchObject({ code: 'INVALID_CREDENTIALS' });
      expect(await emailVerified(person)).toEqual({ email: person.email, emailVerified: true });
    });

    it.each([
      ['what is none', 'nobody', 'INVALID'],
      ['one of 262 characters', `${'a'.repeat(250)}@example.org`, 'TOO_LONG'],
    ])('refuses %s', async (_name, email, code) => {
      const person = await newPerson(newAddress());
      await expect(changeEmail(email, person.accessToken)).resolves.toMatchObject({ fields: [{ path: 'email', code }] });
    });

    it('SECURITY 14: mails a token to the new one and a notice to the old one, which says no more than needed', async () => {
      const person = await newVerifiedPerson();
      const email = newAddress();
      await expect(changeEmail(` ${email} `, person.accessToken)).resolves.toMatchObject({ user: { email, emailVerified: false } });
      const notice = await mailbox.next(person.email, 'e-mail address was changed');
      expect(notice.text).toContain('P…@Example.org');
      expect(notice.text).not.toContain(email);
      await expect(verifyEmail(await tokenTo(email, 'Confirm'))).resolves.toMatchObject({ __typename: 'VerifyEmailPayload' });
      expect(await emailVerified(person)).toEqual({ email, emailVerified: true });
      const { length } = await harness.prisma.auditEvent.findMany({ where: { accountId: person.user.id, action: 'EMAIL_CHANGED' } });
      expect(length).toBe(1);
    });

    it('voids tokens to the old one, also when it comes back', async () => {
      const email = newAddress();
      const person = await newPerson(email);
      const token = await tokenTo(email, 'Confirm');
      await changeEmail(newAddress(), person.accessToken);
      await changeEmail(email, person.accessToken);
      await expect(verifyEmail(token)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
      await expect(verifyEmail(await tokenTo(email, 'Confirm'))).resolves.toMatchObject({ __typename: 'VerifyEmailPayload' });
    });

    it('in its spelling alone keeps it verified, and taking it away is told to it', async () => {
      const person = await newVerifiedPerson();
      const email = person.email.toUpperCase();
      await expect(changeEmail(email, person.accessToken)).resolves.toMatchObject({ user: { email, emailVerified: true } });
      await expect(changeEmail(null, person.accessToken)).resolves.toMatchObject({ user: { email: null, emailVerified: null } });
      expect((await mailbox.next(email, 'e-mail address was changed')).text).toContain('removed');
    });

    it('SECURITY 10: answers alike for one that somebody else has verified', async () => {
      const other = await newVerifiedPerson();
      const person = await newPerson(newAddress());
      await expect(changeEmail(other.email, person.accessToken)).resolves.toEqual({
        __typename: 'ChangeEmailPayload',
        user: { email: other.email, emailVerified: false },
      });
      await expect(verifyEmail(await tokenTo(other.email, 'Confirm'))).resolves.toMatchObject({ code: 'EMAIL_TAKEN' });
    });
  });

  it('a guest who gives an address gets a token to verify it', async () => {
    const email = newAddress();
    const input = { deviceId: `device-${String(people)}-of-a-guest`, deviceSecret: 's'.repeat(43) };
    const token = text((await ask(harness, operations.loginWithDevice, { input })).accessToken);
    const linked = { username: `linked_${String(people)}`, email, password: goodPassword };
    await expect(ask(harness, operations.linkCredentials, { input: linked }, { token })).resolves.toMatchObject({
      __typename: 'LinkCredentialsPayload',
    });
    await expect(verifyEmail(await tokenTo(email, 'Confirm'))).resolves.toMatchObject({ __typename: 'VerifyEmailPayload' });
  });

  it('SECURITY 14: a sign-in from a new device is told to the verified address', async () => {
    const person = await newVerifiedPerson();
    await client.mustLogin({ identifier: person.email, device: 'A stranger <b>device</b>' }, { clientIp: '203.0.113.9' });
    const mail = await mailbox.next(person.email, 'New sign-in');
    expect(mail.text).toContain('A stranger <b>device</b>');
    expect(mail.text).toContain('203.0.113.9');
  });

  it('keeps the mails that it writes to files from everybody else', async () => {
    expect((await stat(harness.mailFolder)).mode & 0o077).toBe(0);
    for (const file of await readdir(harness.mailFolder)) expect((await stat(join(harness.mailFolder, file))).mode & 0o777).toBe(0o600);
  });
});

describe.each(databases)('mails on request, with limits, on $name', ({ open }) => {
  it('SECURITY 11: are five in an hour for an account and an address as typed, known or not, and then a wait', async () => {
    const opened = await open();
    const rateLimits = createRateLimits({ redisUrl: undefined, scale: 1, logger });
    const harness = await startAuth(opened.database, { rateLimits });
    try {
      const person = await createAuthClient(harness).mustRegister({ username: 'limited', email: 'limited@example.org' });
      const requestReset = (identifier: string) =>
        ask(harness, 'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { message } }', {
          input: { identifier },
        });
      const refused = expect.objectContaining({ code: 'RATE_LIMITED', retryAfter: expect.any(Number) });
      for (const identifier of ['limited', 'nobody_at_all', 'nobody@example.org']) {
        for (let count = 0; count < mailsPerRecipient.points; count += 1) await requestReset(identifier);
        await expect(requestReset(identifier.toUpperCase())).rejects.toEqual(refused);
      }
      const requestVerification = () =>
        ask(harness, 'mutation { requestEmailVerification { message } }', {}, { token: person.accessToken });
      for (let count = 0; count < mailsPerRecipient.points; count += 1) await requestVerification();
      await expect(requestVerification()).rejects.toEqual(refused);
    } finally {
      await harness.close();
      await rateLimits.close();
      await opened.close();
    }
  });
});
