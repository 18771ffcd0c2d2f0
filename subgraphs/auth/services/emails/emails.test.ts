import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabases, type OpenedDatabase } from '../../../../tests/testkit/databases.js';
import { text } from '../../../../tests/testkit/graphql-client.js';
import { ask, operations } from '../../tests/ask.js';
import { goodPassword, type Payload } from '../../tests/auth-client.js';
import { publicUrl, startAuth, type AuthHarness } from '../../tests/auth-harness.js';
import { createRecoveryClient } from '../../tests/recovery-client.js';
import { mailTokenLifetimeMs } from '../mail/mail-token.js';
import { tokenMailsPerAddress } from '../../data/mail-tokens.js';

const databases = await testDatabases();

afterAll(async () => {
  for (const each of databases) await each.stop();
});

describe.each(databases)('e-mail addresses on $name', ({ open }) => {
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

  describe('a new address', () => {
    it('is verified with the token of the mail that registering sends, once', async () => {
      const email = client.newAddress();
      const person = await client.newPerson(email);
      expect(await client.addressOf(person)).toEqual({ email, emailVerified: false });
      const mail = await client.mailbox.next(email, 'Confirm');
      expect(mail.text).toContain(`"${person.user.username}"`);
      expect(mail.text).toContain(`${publicUrl}/account/verify-email#token=${String(mail.token)}\n`);
      // For games: the code by itself on a line.
      expect(mail.text.split('\n')).toContain(mail.token);
      await expect(client.verifyEmail(String(mail.token))).resolves.toEqual({ __typename: 'VerifyEmailPayload', userId: person.user.id });
      expect(await client.addressOf(person)).toEqual({ email, emailVerified: true });
      await expect(client.verifyEmail(String(mail.token))).resolves.toMatchObject({
        __typename: 'InvalidTokenError',
        code: 'INVALID_TOKEN',
      });
    });

    it.each(['', 'nonsense', 'A'.repeat(43), 'A'.repeat(100_000), '\u0000'.repeat(43), "' OR 1=1 --"])(
      'is not verified with what was never mailed: %#',
      async (token) => {
        await expect(client.verifyEmail(token)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
        await expect(client.resetPassword(token)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
      },
    );

    it('takes the code with the blanks that copying adds', async () => {
      const email = client.newAddress();
      await client.newPerson(email);
      await expect(client.verifyEmail(` ${await client.tokenTo(email, 'Confirm')}\n`)).resolves.toMatchObject({
        __typename: 'VerifyEmailPayload',
      });
    });

    it('is verified until just before a day has passed, and not after', async () => {
      for (const [lateness, typename] of [
        [-1, 'VerifyEmailPayload'],
        [0, 'InvalidTokenError'],
      ] as const) {
        const email = client.newAddress();
        await client.newPerson(email);
        const token = await client.tokenTo(email, 'Confirm');
        harness.advance(mailTokenLifetimeMs['email-verification'] + lateness);
        await expect(client.verifyEmail(token)).resolves.toMatchObject({ __typename: typename });
      }
      expect(mailTokenLifetimeMs['email-verification']).toBe(24 * 60 * 60_000);
    });

    it('gets another mail on request, as long as it is not verified; one verification voids the other token', async () => {
      const email = client.newAddress();
      const person = await client.newPerson(email);
      const first = await client.tokenTo(email, 'Confirm');
      await client.requestVerification(person.accessToken);
      const second = await client.tokenTo(email, 'Confirm');
      expect(second).not.toBe(first);
      await expect(client.verifyEmail(second)).resolves.toMatchObject({ __typename: 'VerifyEmailPayload' });
      await expect(client.verifyEmail(first)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
      const before = await harness.prisma.mailToken.count({ where: { accountId: person.user.id } });
      await client.requestVerification(person.accessToken);
      expect(await harness.prisma.mailToken.count({ where: { accountId: person.user.id } })).toBe(before);
    });

    it('is asked for by nobody who is not signed in', async () => {
      await expect(client.requestVerification()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      await expect(client.changeEmail(client.newAddress())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    });

    it('is sent so many mails in an hour and no more, however many accounts claim it', async () => {
      const email = client.newAddress();
      const { most, withinMs } = tokenMailsPerAddress;
      for (let count = 0; count < most; count += 1) await client.newPerson(email);
      const count = () => harness.prisma.mailToken.count({ where: { emailLower: email.toLowerCase() } });
      expect(await count()).toBe(most);
      const late = await client.newPerson(email);
      expect(late.user.email).toBe(email);
      expect(await count()).toBe(most);
      harness.advance(withinMs - 1);
      await client.newPerson(email);
      expect(await count()).toBe(most);
      harness.advance(1);
      await client.newPerson(email);
      expect(await count()).toBe(most + 1);
    });

    it('SECURITY 11: is sent ten of them when forty accounts claim it at once, and registrations that fail count for nothing', async () => {
      const email = client.newAddress();
      const { user } = await client.newPerson(client.newAddress());
      const before = await harness.prisma.mailToken.count();
      const taken = await Promise.all(Array.from({ length: 20 }, () => client.register({ username: user.username, email })));
      expect(new Set(taken.map(({ code }) => code))).toEqual(new Set(['USERNAME_TAKEN']));
      expect(await harness.prisma.mailToken.count()).toBe(before);
      const claimed = await Promise.all(
        Array.from({ length: 40 }, (_, index) => client.newPerson(index % 2 === 0 ? email : email.toUpperCase())),
      );
      expect(claimed).toHaveLength(40);
      expect(await harness.prisma.mailToken.count()).toBe(before + tokenMailsPerAddress.most);
      await client.mailbox.next(email, 'Confirm');
    });

    it('is sent as many again within any hour, not in every one that begins at a mail', async () => {
      const email = client.newAddress();
      const { most, withinMs } = tokenMailsPerAddress;
      const count = () => harness.prisma.mailToken.count({ where: { emailLower: email.toLowerCase() } });
      await client.newPerson(email);
      harness.advance(withinMs / 2);
      for (let sent = 1; sent < most; sent += 1) await client.newPerson(email);
      harness.advance(withinMs / 2);
      for (let late = 0; late < 3; late += 1) await client.newPerson(email);
      expect(await count()).toBe(most + 1);
      harness.advance(withinMs / 2);
      for (let late = 0; late < most; late += 1) await client.newPerson(email);
      expect(await count()).toBe(2 * most);
    });
  });

  describe('an address that several claim', () => {
    it('SECURITY 10: is unique once verified: of those who verify it at once one wins, and the others keep it unverified', async () => {
      const email = client.newAddress();
      const claimants = [
        await client.newPerson(email),
        await client.newPerson(email.toUpperCase()),
        await client.newPerson(email.toLowerCase()),
      ];
      const tokens = await Promise.all([email, email.toUpperCase(), email.toLowerCase()].map((to) => client.tokenTo(to, 'Confirm')));
      const answers = await Promise.all(tokens.map((token) => client.verifyEmail(token)));
      expect(answers.map(({ __typename }) => __typename).sort()).toEqual(['EmailTakenError', 'EmailTakenError', 'VerifyEmailPayload']);
      expect(answers).toContainEqual(expect.objectContaining({ code: 'EMAIL_TAKEN' }));
      const verified = await Promise.all(claimants.map((each) => client.addressOf(each)));
      expect(verified).toHaveLength(3);
      expect(verified.filter((address) => JSON.stringify(address).includes('true'))).toHaveLength(1);
    });

    it('SECURITY 10: registering answers alike and mails alike for one that is verified and one that nobody knows', async () => {
      const known = await client.newVerifiedPerson();
      const unknown = client.newAddress();
      const [one, other] = [await client.newPerson(known.email), await client.newPerson(unknown)];
      expect(Object.keys(one)).toEqual(Object.keys(other));
      expect(one.user.email).toBe(known.email);
      const without = (text: string, person: Payload, token: string | undefined) =>
        text.replaceAll(person.user.username, 'NAME').replaceAll(String(token), 'TOKEN');
      const mails = [await client.mailbox.next(known.email, 'Confirm'), await client.mailbox.next(unknown, 'Confirm')] as const;
      expect(without(mails[0].text, one, mails[0].token)).toBe(without(mails[1].text, other, mails[1].token));
      expect(mails[0].subject).toBe(mails[1].subject);
    });
  });

  describe('changing the address', () => {
    it('SECURITY 7: needs the password', async () => {
      const person = await client.newVerifiedPerson();
      await expect(client.changeEmail(client.newAddress(), person.accessToken, 'wrong password')).resolves.toMatchObject({
        code: 'INVALID_CREDENTIALS',
      });
      expect(await client.addressOf(person)).toEqual({ email: person.email, emailVerified: true });
    });

    it.each([
      ['what is none', 'nobody', 'INVALID'],
      ['one of 262 characters', `${'a'.repeat(250)}@example.org`, 'TOO_LONG'],
    ])('refuses %s', async (_name, email, code) => {
      const person = await client.newPerson(client.newAddress());
      await expect(client.changeEmail(email, person.accessToken)).resolves.toMatchObject({ fields: [{ path: 'email', code }] });
    });

    it('SECURITY 14: mails a token to the new one and a notice to the old one, which says no more than needed', async () => {
      const person = await client.newVerifiedPerson();
      const email = client.newAddress();
      await expect(client.changeEmail(` ${email} `, person.accessToken)).resolves.toMatchObject({ user: { email, emailVerified: false } });
      const notice = await client.mailbox.next(person.email, 'e-mail address was changed');
      expect(notice.text).toContain('P…@Example.org');
      expect(notice.text).not.toContain(email);
      await expect(client.verifyEmail(await client.tokenTo(email, 'Confirm'))).resolves.toMatchObject({ __typename: 'VerifyEmailPayload' });
      expect(await client.addressOf(person)).toEqual({ email, emailVerified: true });
      const { length } = await harness.prisma.auditEvent.findMany({ where: { accountId: person.user.id, action: 'EMAIL_CHANGED' } });
      expect(length).toBe(1);
    });

    it('voids tokens to the old one, also when it comes back', async () => {
      const email = client.newAddress();
      const person = await client.newPerson(email);
      const token = await client.tokenTo(email, 'Confirm');
      await client.changeEmail(client.newAddress(), person.accessToken);
      await client.changeEmail(email, person.accessToken);
      await expect(client.verifyEmail(token)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
      await expect(client.verifyEmail(await client.tokenTo(email, 'Confirm'))).resolves.toMatchObject({ __typename: 'VerifyEmailPayload' });
    });

    it('in its spelling alone keeps it verified, and taking it away is told to it', async () => {
      const person = await client.newVerifiedPerson();
      const email = person.email.toUpperCase();
      await expect(client.changeEmail(email, person.accessToken)).resolves.toMatchObject({ user: { email, emailVerified: true } });
      await expect(client.changeEmail(null, person.accessToken)).resolves.toMatchObject({ user: { email: null, emailVerified: null } });
      expect((await client.mailbox.next(email, 'e-mail address was changed')).text).toContain('removed');
    });

    it('SECURITY 10: answers alike for one that somebody else has verified', async () => {
      const other = await client.newVerifiedPerson();
      const person = await client.newPerson(client.newAddress());
      await expect(client.changeEmail(other.email, person.accessToken)).resolves.toEqual({
        __typename: 'ChangeEmailPayload',
        user: { email: other.email, emailVerified: false },
      });
      await expect(client.verifyEmail(await client.tokenTo(other.email, 'Confirm'))).resolves.toMatchObject({ code: 'EMAIL_TAKEN' });
    });
  });

  it('a guest who gives an address gets a token to verify it', async () => {
    const email = client.newAddress();
    const input = { deviceId: 'device-of-a-guest-who-links', deviceSecret: 's'.repeat(43) };
    const token = text((await ask(harness, operations.loginWithDevice, { input })).accessToken);
    const linked = { username: 'linked_guest', email, password: goodPassword };
    await expect(ask(harness, operations.linkCredentials, { input: linked }, { token })).resolves.toMatchObject({
      __typename: 'LinkCredentialsPayload',
    });
    await expect(client.verifyEmail(await client.tokenTo(email, 'Confirm'))).resolves.toMatchObject({ __typename: 'VerifyEmailPayload' });
  });

  it('SECURITY 14: a sign-in from a new device is told to the verified address', async () => {
    const person = await client.newVerifiedPerson();
    await client.mustLogin({ identifier: person.email, device: 'A stranger <b>device</b>' }, { clientIp: '203.0.113.9' });
    const mail = await client.mailbox.next(person.email, 'New sign-in');
    expect(mail.text).toContain('A stranger <b>device</b>');
    expect(mail.text).toContain('203.0.113.9');
  });

  it('keeps the mails that it writes to files from everybody else', async () => {
    expect((await stat(harness.mailFolder)).mode & 0o077).toBe(0);
    for (const file of await readdir(harness.mailFolder)) expect((await stat(join(harness.mailFolder, file))).mode & 0o777).toBe(0o600);
  });
});
