import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { testDatabases } from '../../../../tests/testkit/services/databases.js';
import { text } from '../../../../tests/testkit/product/graphql-client.js';
import { ask, operations } from '../../tests/ask.js';
import { goodPassword, type Payload } from '../../tests/auth-client.js';
import { publicUrl } from '../../tests/auth-harness.js';
import { createRecoveryClient } from '../../tests/recovery-client.js';
import { useAuth } from '../../tests/use-auth.js';
import { mailTokenLifetimeMs } from '../mail/mail-token.js';
import { tokenMailsPerAddress } from '../../data/mail-tokens.js';

const databases = await testDatabases();

describe.each(databases)('e-mail addresses on $name', ({ open }) => {
  const auth = useAuth(open, createRecoveryClient);

  describe('a new address', () => {
    it('is verified with the token of the mail that registering sends, once', async () => {
      const email = auth.client.newAddress();
      const person = await auth.client.newPerson(email);
      expect(await auth.client.addressOf(person)).toEqual({ email, emailVerified: false });
      const mail = await auth.client.mailbox.next(email, 'Confirm');
      expect(mail.text).toContain(`"${person.user.username}"`);
      expect(mail.text).toContain(`${publicUrl}/account/verify-email#token=${String(mail.token)}\n`);
      // For games: the code by itself on a line.
      expect(mail.text.split('\n')).toContain(mail.token);
      await expect(auth.client.verifyEmail(String(mail.token))).resolves.toEqual({
        __typename: 'VerifyEmailPayload',
        userId: person.user.id,
      });
      expect(await auth.client.addressOf(person)).toEqual({ email, emailVerified: true });
      await expect(auth.client.verifyEmail(String(mail.token))).resolves.toMatchObject({
        __typename: 'InvalidTokenError',
        code: 'INVALID_TOKEN',
      });
    });

    it.each(['', 'nonsense', 'A'.repeat(43), 'A'.repeat(100_000), '\u0000'.repeat(43), "' OR 1=1 --"])(
      'is not verified with what was never mailed: %#',
      async (token) => {
        await expect(auth.client.verifyEmail(token)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
        await expect(auth.client.resetPassword(token)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
      },
    );

    it('takes the code with the blanks that copying adds', async () => {
      const email = auth.client.newAddress();
      await auth.client.newPerson(email);
      await expect(auth.client.verifyEmail(` ${await auth.client.tokenTo(email, 'Confirm')}\n`)).resolves.toMatchObject({
        __typename: 'VerifyEmailPayload',
      });
    });

    it('is verified until just before a day has passed, and not after', async () => {
      for (const [lateness, typename] of [
        [-1, 'VerifyEmailPayload'],
        [0, 'InvalidTokenError'],
      ] as const) {
        const email = auth.client.newAddress();
        await auth.client.newPerson(email);
        const token = await auth.client.tokenTo(email, 'Confirm');
        auth.harness.advance(mailTokenLifetimeMs['email-verification'] + lateness);
        await expect(auth.client.verifyEmail(token)).resolves.toMatchObject({ __typename: typename });
      }
      expect(mailTokenLifetimeMs['email-verification']).toBe(24 * 60 * 60_000);
    });

    it('gets another mail on request, as long as it is not verified; one verification voids the other token', async () => {
      const email = auth.client.newAddress();
      const person = await auth.client.newPerson(email);
      const first = await auth.client.tokenTo(email, 'Confirm');
      await auth.client.requestVerification(person.accessToken);
      const second = await auth.client.tokenTo(email, 'Confirm');
      expect(second).not.toBe(first);
      await expect(auth.client.verifyEmail(second)).resolves.toMatchObject({ __typename: 'VerifyEmailPayload' });
      await expect(auth.client.verifyEmail(first)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
      const before = await auth.harness.prisma.mailToken.count({ where: { accountId: person.user.id } });
      await auth.client.requestVerification(person.accessToken);
      expect(await auth.harness.prisma.mailToken.count({ where: { accountId: person.user.id } })).toBe(before);
    });

    it('is asked for by nobody who is not signed in', async () => {
      await expect(auth.client.requestVerification()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      await expect(auth.client.changeEmail(auth.client.newAddress())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    });

    it('is sent so many mails in an hour and no more, however many accounts claim it', async () => {
      const email = auth.client.newAddress();
      const { most, withinMs } = tokenMailsPerAddress;
      for (let count = 0; count < most; count += 1) await auth.client.newPerson(email);
      const count = () => auth.harness.prisma.mailToken.count({ where: { emailLower: email.toLowerCase() } });
      expect(await count()).toBe(most);
      const late = await auth.client.newPerson(email);
      expect(late.user.email).toBe(email);
      expect(await count()).toBe(most);
      auth.harness.advance(withinMs - 1);
      await auth.client.newPerson(email);
      expect(await count()).toBe(most);
      auth.harness.advance(1);
      await auth.client.newPerson(email);
      expect(await count()).toBe(most + 1);
    });

    it('SECURITY 11: is sent ten of them when forty accounts claim it at once, and registrations that fail count for nothing', async () => {
      const email = auth.client.newAddress();
      const { user } = await auth.client.newPerson(auth.client.newAddress());
      const before = await auth.harness.prisma.mailToken.count();
      const taken = await Promise.all(Array.from({ length: 20 }, () => auth.client.register({ username: user.username, email })));
      expect(new Set(taken.map(({ code }) => code))).toEqual(new Set(['USERNAME_TAKEN']));
      expect(await auth.harness.prisma.mailToken.count()).toBe(before);
      const claimed = await Promise.all(
        Array.from({ length: 40 }, (_, index) => auth.client.newPerson(index % 2 === 0 ? email : email.toUpperCase())),
      );
      expect(claimed).toHaveLength(40);
      expect(await auth.harness.prisma.mailToken.count()).toBe(before + tokenMailsPerAddress.most);
      await auth.client.mailbox.next(email, 'Confirm');
    });

    it('is sent as many again within any hour, not in every one that begins at a mail', async () => {
      const email = auth.client.newAddress();
      const { most, withinMs } = tokenMailsPerAddress;
      const count = () => auth.harness.prisma.mailToken.count({ where: { emailLower: email.toLowerCase() } });
      await auth.client.newPerson(email);
      auth.harness.advance(withinMs / 2);
      for (let sent = 1; sent < most; sent += 1) await auth.client.newPerson(email);
      auth.harness.advance(withinMs / 2);
      for (let late = 0; late < 3; late += 1) await auth.client.newPerson(email);
      expect(await count()).toBe(most + 1);
      auth.harness.advance(withinMs / 2);
      for (let late = 0; late < most; late += 1) await auth.client.newPerson(email);
      expect(await count()).toBe(2 * most);
    });
  });

  describe('an address that several claim', () => {
    it('SECURITY 10: is unique once verified: of those who verify it at once one wins, and the others keep it unverified', async () => {
      const email = auth.client.newAddress();
      const claimants = [
        await auth.client.newPerson(email),
        await auth.client.newPerson(email.toUpperCase()),
        await auth.client.newPerson(email.toLowerCase()),
      ];
      const tokens = await Promise.all([email, email.toUpperCase(), email.toLowerCase()].map((to) => auth.client.tokenTo(to, 'Confirm')));
      const answers = await Promise.all(tokens.map((token) => auth.client.verifyEmail(token)));
      expect(answers.map(({ __typename }) => __typename).sort()).toEqual(['EmailTakenError', 'EmailTakenError', 'VerifyEmailPayload']);
      expect(answers).toContainEqual(expect.objectContaining({ code: 'EMAIL_TAKEN' }));
      const verified = await Promise.all(claimants.map((each) => auth.client.addressOf(each)));
      expect(verified).toHaveLength(3);
      expect(verified.filter((address) => JSON.stringify(address).includes('true'))).toHaveLength(1);
    });

    it('SECURITY 10: registering answers alike and mails alike for one that is verified and one that nobody knows', async () => {
      const known = await auth.client.newVerifiedPerson();
      const unknown = auth.client.newAddress();
      const [one, other] = [await auth.client.newPerson(known.email), await auth.client.newPerson(unknown)];
      expect(Object.keys(one)).toEqual(Object.keys(other));
      expect(one.user.email).toBe(known.email);
      const without = (text: string, person: Payload, token: string | undefined) =>
        text.replaceAll(person.user.username, 'NAME').replaceAll(String(token), 'TOKEN');
      const mails = [await auth.client.mailbox.next(known.email, 'Confirm'), await auth.client.mailbox.next(unknown, 'Confirm')] as const;
      expect(without(mails[0].text, one, mails[0].token)).toBe(without(mails[1].text, other, mails[1].token));
      expect(mails[0].subject).toBe(mails[1].subject);
    });
  });

  describe('changing the address', () => {
    it('SECURITY 7: needs the password', async () => {
      const person = await auth.client.newVerifiedPerson();
      await expect(auth.client.changeEmail(auth.client.newAddress(), person.accessToken, 'wrong password')).resolves.toMatchObject({
        code: 'INVALID_CREDENTIALS',
      });
      expect(await auth.client.addressOf(person)).toEqual({ email: person.email, emailVerified: true });
    });

    it.each([
      ['what is none', 'nobody', 'INVALID'],
      ['one of 262 characters', `${'a'.repeat(250)}@example.org`, 'TOO_LONG'],
    ])('refuses %s', async (_name, email, code) => {
      const person = await auth.client.newPerson(auth.client.newAddress());
      await expect(auth.client.changeEmail(email, person.accessToken)).resolves.toMatchObject({ fields: [{ path: 'email', code }] });
    });

    it('SECURITY 14: mails a token to the new one and a notice to the old one, which says no more than needed', async () => {
      const person = await auth.client.newVerifiedPerson();
      const email = auth.client.newAddress();
      await expect(auth.client.changeEmail(` ${email} `, person.accessToken)).resolves.toMatchObject({
        user: { email, emailVerified: false },
      });
      const notice = await auth.client.mailbox.next(person.email, 'e-mail address was changed');
      expect(notice.text).toContain('P…@Example.org');
      expect(notice.text).not.toContain(email);
      await expect(auth.client.verifyEmail(await auth.client.tokenTo(email, 'Confirm'))).resolves.toMatchObject({
        __typename: 'VerifyEmailPayload',
      });
      expect(await auth.client.addressOf(person)).toEqual({ email, emailVerified: true });
      const { length } = await auth.harness.prisma.auditEvent.findMany({ where: { accountId: person.user.id, action: 'EMAIL_CHANGED' } });
      expect(length).toBe(1);
    });

    it('voids tokens to the old one, also when it comes back', async () => {
      const email = auth.client.newAddress();
      const person = await auth.client.newPerson(email);
      const token = await auth.client.tokenTo(email, 'Confirm');
      await auth.client.changeEmail(auth.client.newAddress(), person.accessToken);
      await auth.client.changeEmail(email, person.accessToken);
      await expect(auth.client.verifyEmail(token)).resolves.toMatchObject({ code: 'INVALID_TOKEN' });
      await expect(auth.client.verifyEmail(await auth.client.tokenTo(email, 'Confirm'))).resolves.toMatchObject({
        __typename: 'VerifyEmailPayload',
      });
    });

    it('in its spelling alone keeps it verified, and taking it away is told to it', async () => {
      const person = await auth.client.newVerifiedPerson();
      const email = person.email.toUpperCase();
      await expect(auth.client.changeEmail(email, person.accessToken)).resolves.toMatchObject({ user: { email, emailVerified: true } });
      await expect(auth.client.changeEmail(null, person.accessToken)).resolves.toMatchObject({
        user: { email: null, emailVerified: null },
      });
      expect((await auth.client.mailbox.next(email, 'e-mail address was changed')).text).toContain('removed');
    });

    it('SECURITY 10: answers alike for one that somebody else has verified', async () => {
      const other = await auth.client.newVerifiedPerson();
      const person = await auth.client.newPerson(auth.client.newAddress());
      await expect(auth.client.changeEmail(other.email, person.accessToken)).resolves.toEqual({
        __typename: 'ChangeEmailPayload',
        user: { email: other.email, emailVerified: false },
      });
      await expect(auth.client.verifyEmail(await auth.client.tokenTo(other.email, 'Confirm'))).resolves.toMatchObject({
        code: 'EMAIL_TAKEN',
      });
    });
  });

  it('a guest who gives an address gets a token to verify it', async () => {
    const email = auth.client.newAddress();
    const input = { deviceId: 'device-of-a-guest-who-links', deviceSecret: 's'.repeat(43) };
    const token = text((await ask(auth.harness, operations.loginWithDevice, { input })).accessToken);
    const linked = { username: 'linked_guest', email, password: goodPassword };
    await expect(ask(auth.harness, operations.linkCredentials, { input: linked }, { token })).resolves.toMatchObject({
      __typename: 'LinkCredentialsPayload',
    });
    await expect(auth.client.verifyEmail(await auth.client.tokenTo(email, 'Confirm'))).resolves.toMatchObject({
      __typename: 'VerifyEmailPayload',
    });
  });

  it('SECURITY 14: a sign-in from a new device is told to the verified address', async () => {
    const person = await auth.client.newVerifiedPerson();
    await auth.client.mustLogin({ identifier: person.email, device: 'A stranger <b>device</b>' }, { clientIp: '203.0.113.9' });
    const mail = await auth.client.mailbox.next(person.email, 'New sign-in');
    expect(mail.text).toContain('A stranger <b>device</b>');
    expect(mail.text).toContain('203.0.113.9');
  });

  it('keeps the mails that it writes to files from everybody else', async () => {
    expect((await stat(auth.harness.mailFolder)).mode & 0o077).toBe(0);
    for (const file of await readdir(auth.harness.mailFolder))
      expect((await stat(join(auth.harness.mailFolder, file))).mode & 0o777).toBe(0o600);
  });
});
