import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { testDatabases, type OpenedDatabase } from '../../../../tests/testkit/services/databases.js';
import { ask, operations } from '../../tests/ask.js';
import { goodPassword as password, type Payload } from '../../tests/auth-client.js';
import { publicUrl, startAuth, type AuthHarness } from '../../tests/auth-harness.js';
import { createSecondFactorClient } from '../../tests/second-factor-client.js';
import { startSmtp, type Smtp, type SmtpMail } from '../../tests/smtp.js';
import { createSoftwareAuthenticator } from '../../tests/software-authenticator.js';

const databases = await testDatabases();

describe.each(databases)('notices by SMTP on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let smtp: Smtp;
  let harness: AuthHarness;
  let client: ReturnType<typeof createSecondFactorClient>;
  let people = 0;
  let person: Payload;
  let email: string;

  beforeAll(async () => {
    opened = await open();
    smtp = await startSmtp();
    harness = await startAuth(opened.database, { smtpUrl: smtp.url });
    client = createSecondFactorClient(harness);
  });

  afterAll(async () => {
    await harness.close();
    await smtp.close();
    await opened.close();
  });

  beforeEach(async () => {
    people += 1;
    email = `notified${String(people)}@example.org`;
    person = await client.mustRegister({ username: `notified_${String(people)}`, email });
    await arrival('Confirm your e-mail address');
    await harness.prisma.account.updateMany({ where: { id: person.user.id }, data: { emailVerifiedAt: new Date(harness.now()) } });
  });

  afterEach(async () => {
    // Nothing of what was sent is kept.
    while ((await harness.prisma.mail.count()) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  async function arrival(subject: string): Promise<SmtpMail> {
    for (;;) {
      const found = smtp.received.find(({ to, content }) => to.includes(email) && content.includes(`Subject: ${subject}`));
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  const actions = async () =>
    (await harness.prisma.auditEvent.findMany({ where: { accountId: person.user.id }, orderBy: { id: 'asc' } })).map(
      ({ action }) => action,
    );
  async function told(subject: string, action: string): Promise<void> {
    const { from, content } = await arrival(subject);
    expect(from).toBe(`no-reply@${new URL(publicUrl).hostname}`);
    expect(content).toContain('Galaxia');
    expect(await actions()).toContain(action);
  }
  const own = (operation: keyof typeof operations, input: object) =>
    ask(harness, operations[operation], { input }, { token: person.accessToken });

  it('SECURITY 14: a sign-in from a new device is audited and told', async () => {
    await client.mustLogin({ identifier: email, device: 'Somewhere else' }, { clientIp: '203.0.113.9' });
    await told('New sign-in', 'NEW_DEVICE');
  });

  it('SECURITY 14: a sign-in from a device that was seen before is not', async () => {
    await client.mustLogin({ identifier: email, device: 'Old friend' }, { clientIp: '203.0.113.9' });
    await arrival('New sign-in');
    const before = smtp.received.length;
    await client.mustLogin({ identifier: email, device: 'Old friend' }, { clientIp: '203.0.113.77' });
    await own('changePassword', { currentPassword: password, newPassword: 'a whole new battery of horses' });
    await arrival('The password was changed');
    expect(smtp.received.slice(before)).toHaveLength(1);
  });

  it('SECURITY 14: a change of the password is audited and told', async () => {
    await own('changePassword', { currentPassword: password, newPassword: 'a whole new battery of horses' });
    await told('The password was changed', 'PASSWORD_CHANGED');
  });

  it('SECURITY 14: a change of the username is audited and told', async () => {
    await own('changeUsername', { username: `renamed_${String(people)}` });
    await told('Your Galaxia username was changed', 'USERNAME_CHANGED');
  });

  it('SECURITY 14: a change of the address is audited and told to the old one', async () => {
    const changed = await harness.run('mutation ($input: ChangeEmailInput!) { changeEmail(input: $input) { __typename } }', {
      variables: { input: { email: `new.${email}`, password } },
      token: person.accessToken,
    });
    expect(changed.data).toEqual({ changeEmail: { __typename: 'ChangeEmailPayload' } });
    await told('Your Galaxia e-mail address was changed', 'EMAIL_CHANGED');
  });

  it('SECURITY 14: an authenticator app, its recovery codes and its end are audited and told', async () => {
    const { accessToken: token } = person;
    const { secret = '' } = await client.send('beginTotpEnrollment', { password }, { token });
    await client.send('confirmTotpEnrollment', { code: client.codeOf(secret) }, { token });
    await told('An authenticator app was added', 'MFA_ENABLED');

    harness.advance(30_000);
    const { recoveryCodes = [] } = await client.send('regenerateRecoveryCodes', { password, code: client.codeOf(secret) }, { token });
    await told('New recovery codes', 'RECOVERY_CODES_REGENERATED');

    await client.send('verifyMfa', { mfaToken: await client.challenge(person.user.username), code: recoveryCodes[0] });
    await told('A recovery code was used', 'RECOVERY_CODE_USED');

    harness.advance(30_000);
    await client.send('disableTotp', { password, code: client.codeOf(secret) }, { token });
    await told('The authenticator app was removed', 'MFA_DISABLED');
  });

  it('SECURITY 14: a passkey and its removal are audited and told', async () => {
    const { accessToken: token } = person;
    const { id: ceremonyId, options } = await client.send('beginPasskeyRegistration', { password }, { token });
    const response = createSoftwareAuthenticator({ origin: publicUrl }).create(options);
    const { passkey } = await client.send('finishPasskeyRegistration', { ceremonyId, response, name: 'Key' }, { token });
    await told('A passkey was added', 'PASSKEY_ADDED');
    await client.send('removePasskey', { id: passkey?.id, password }, { token });
    await told('A passkey was removed', 'PASSKEY_REMOVED');
  });

  it('SECURITY 14: the coming end of an account is audited and told', async () => {
    await own('deleteAccount', { password });
    await told('Your Galaxia account is going to be deleted', 'ACCOUNT_DELETION_SCHEDULED');
  });

  it('a mail that an SMTP server misses while it is down arrives once it is up again', async () => {
    await smtp.close();
    const late = `late${String(people)}@example.org`;
    await client.mustRegister({ username: `late_${String(people)}`, email: late });
    const waiting = () => harness.prisma.mail.findFirst({ where: { attempts: { gt: 0 }, dueAt: { gt: new Date(harness.now()) } } });
    let row = await waiting();
    // Until the attempt has failed and the next one is 15 seconds away.
    while (row === null || row.dueAt.getTime() > harness.now() + 15_000) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      row = await waiting();
    }
    const again = await startSmtp({ port: smtp.port });
    smtp = again;
    harness.advance(15_000);
    while (again.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(again.received[0]?.to).toEqual([late]);
  });
});
