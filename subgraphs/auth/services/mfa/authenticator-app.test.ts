import { describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { testDatabases } from '../../../../tests/testkit/services/databases.js';
import { goodPassword } from '../../tests/auth-client.js';
import { createMailbox } from '../../tests/mailbox.js';
import { createSecondFactorClient } from '../../tests/second-factor-client.js';
import { useAuth } from '../../tests/use-auth.js';

const stepMs = 30_000;
const minute = 60_000;
const password = goodPassword;
const databases = await testDatabases();
const unauthenticated = expect.objectContaining({ code: 'UNAUTHENTICATED' });

describe.each(databases)('an authenticator app on $name', ({ open }) => {
  const auth = useAuth(open, createSecondFactorClient);
  let people = 0;

  const newName = () => `person_${String((people += 1))}`;
  const enroll = async (input: object = {}) => {
    const enrolled = await auth.client.enroll({ username: newName(), ...input });
    // The code of the enrolment is used: the next one comes with the next step.
    auth.harness.advance(stepMs);
    return enrolled;
  };
  const wrongCode = (secret: string) => {
    const near = new Set([-1, 0, 1].map((steps) => auth.client.codeOf(secret, steps)));
    return ['000000', '000001', '000002', '000003'].find((code) => !near.has(code)) ?? '';
  };
  const verify = (mfaToken: string, code: string) => auth.client.send('verifyMfa', { mfaToken, code });
  const sessionsOf = (accountId: string) => auth.harness.prisma.refreshFamily.count({ where: { accountId, revokedAt: null } });
  const actionsOf = async (accountId: string) =>
    (await auth.harness.prisma.auditEvent.findMany({ where: { accountId }, orderBy: { id: 'asc' } })).map(({ action }) => action);

  describe('being switched on', () => {
    it.each(['beginTotpEnrollment', 'confirmTotpEnrollment', 'disableTotp', 'regenerateRecoveryCodes'] as const)(
      'by %s is refused to an anonymous caller',
      async (field) => {
        const input = { password, code: '123456' };
        const known = field === 'beginTotpEnrollment' ? { password } : field === 'confirmTotpEnrollment' ? { code: '123456' } : input;
        await expect(auth.client.send(field, known)).rejects.toEqual(unauthenticated);
      },
    );

    it.each([
      ['a wrong password', 'not the password'],
      ['no password', null],
    ])('SECURITY 7: is refused with %s', async (_name, given) => {
      const { user, accessToken: token } = await auth.client.mustRegister({ username: newName() });
      await expect(auth.client.send('beginTotpEnrollment', { password: given }, { token })).resolves.toMatchObject({
        code: 'INVALID_CREDENTIALS',
      });
      expect(await auth.harness.prisma.totp.count({ where: { accountId: user.id } })).toBe(0);
    });

    it('SECURITY 29: keeps the secret encrypted, shows it once, and asks for nothing before a valid code', async () => {
      const username = newName();
      const { user, accessToken: token } = await auth.client.mustRegister({ username });
      const { secret = '', uri } = await auth.client.send('beginTotpEnrollment', { password }, { token });
      expect(secret).toMatch(/^[A-Z2-7]{32}$/);
      expect(uri).toContain(`secret=${secret}`);
      const { secret: atRest } = await auth.harness.prisma.totp.findUniqueOrThrow({ where: { accountId: user.id } });
      expect(atRest).not.toContain(secret);
      expect(atRest.split('.')).toHaveLength(5);

      await expect(auth.client.send('confirmTotpEnrollment', { code: wrongCode(secret) }, { token })).resolves.toMatchObject({
        code: 'INVALID_CODE',
      });
      await expect(auth.client.mustLogin({ identifier: username })).resolves.toMatchObject({ user: { mfaEnabled: false } });
      await expect(auth.client.send('confirmTotpEnrollment', { code: auth.client.codeOf(secret) }, { token })).resolves.toMatchObject({
        __typename: 'TotpEnabled',
      });
      await expect(auth.client.send('login', { identifier: username, password })).resolves.toMatchObject({
        __typename: 'MfaRequired',
        methods: ['TOTP', 'RECOVERY_CODE'],
        expiresAt: new Date(auth.harness.now() + 5 * minute).toISOString(),
      });
      await expect(auth.client.send('beginTotpEnrollment', { password }, { token })).resolves.toMatchObject({
        code: 'TOTP_ALREADY_ENABLED',
      });
      const { data } = await auth.harness.run('{ me { mfaEnabled } }', { token });
      expect(data).toEqual({ me: { mfaEnabled: true } });
    });

    it('takes the secret that was shown last alone, for ten minutes', async () => {
      const { accessToken: token } = await auth.client.mustRegister({ username: newName() });
      const first = await auth.client.send('beginTotpEnrollment', { password }, { token });
      const second = await auth.client.send('beginTotpEnrollment', { password }, { token });
      const confirm = (secret = '') => auth.client.send('confirmTotpEnrollment', { code: auth.client.codeOf(secret) }, { token });
      await expect(confirm(first.secret)).resolves.toMatchObject({ code: 'INVALID_CODE' });
      auth.harness.advance(10 * minute);
      const { accessToken: later } = await auth.client.mustRegister({ username: newName() });
      await expect(auth.client.send('confirmTotpEnrollment', { code: '123456' }, { token: later })).resolves.toMatchObject({
        code: 'INVALID_CODE',
      });
      auth.harness.advance(-1);
      await expect(confirm(second.secret)).resolves.toMatchObject({ __typename: 'TotpEnabled' });
    });

    it('is done once when two send the code at once, with one set of recovery codes', async () => {
      const { user, accessToken: token } = await auth.client.mustRegister({ username: newName() });
      const { secret = '' } = await auth.client.send('beginTotpEnrollment', { password }, { token });
      const code = auth.client.codeOf(secret);
      const answers = await Promise.all(Array.from({ length: 5 }, () => auth.client.send('confirmTotpEnrollment', { code }, { token })));
      expect(answers.map(({ __typename }) => __typename).sort()).toEqual([
        ...Array.from({ length: 4 }, () => 'InvalidCodeError'),
        'TotpEnabled',
      ]);
      expect(await auth.harness.prisma.recoveryCode.count({ where: { accountId: user.id } })).toBe(10);
      expect(await actionsOf(user.id)).toContain('MFA_ENABLED');
    });

    it('shows nobody else whether it is', async () => {
      const { person } = await enroll();
      const stranger = await auth.client.mustRegister({ username: newName() });
      for (const token of [undefined, stranger.accessToken]) {
        const { data } = await auth.harness.run('query ($id: ID!) { user(id: $id) { mfaEnabled } }', {
          variables: { id: person.user.id },
          token,
        });
        expect(data).toEqual({ user: { mfaEnabled: null } });
      }
    });
  });

  describe('a code', () => {
    it('SECURITY 30: of the enrolment is used: it opens no session', async () => {
      const { person, secret } = await auth.client.enroll({ username: newName() });
      const code = auth.client.codeOf(secret);
      await expect(verify(await auth.client.challenge(person.user.username), code)).resolves.toMatchObject({ code: 'INVALID_CODE' });
      auth.harness.advance(stepMs);
      await expect(verify(await auth.client.challenge(person.user.username), code)).resolves.toMatchObject({ code: 'INVALID_CODE' });
    });

    it('SECURITY 30: of the current step and the one before counts, no other', async () => {
      const { person, secret } = await enroll();
      auth.harness.advance(10 * stepMs);
      const { username } = person.user;
      for (const steps of [-3, -2, 1, 2]) {
        const code = auth.client.codeOf(secret, steps);
        await expect(verify(await auth.client.challenge(username), code)).resolves.toMatchObject({ code: 'INVALID_CODE' });
      }
      for (const steps of [-1, 0]) {
        const code = auth.client.codeOf(secret, steps);
        await expect(verify(await auth.client.challenge(username), code)).resolves.toMatchObject({ __typename: 'AuthPayload' });
      }
    });

    it('SECURITY 30: counts once, and none of an earlier step after it', async () => {
      const { person, secret } = await enroll();
      auth.harness.advance(10 * stepMs);
      const { username } = person.user;
      const [before, now] = [auth.client.codeOf(secret, -1), auth.client.codeOf(secret)];
      await expect(verify(await auth.client.challenge(username), now)).resolves.toMatchObject({ __typename: 'AuthPayload' });
      for (const code of [now, before]) {
        await expect(verify(await auth.client.challenge(username), code)).resolves.toMatchObject({ code: 'INVALID_CODE' });
      }
    });

    it('SECURITY 30: sent in eight sign-ins at once opens one of them', async () => {
      const { person, secret } = await enroll();
      const before = await sessionsOf(person.user.id);
      const tokens = await Promise.all(Array.from({ length: 8 }, () => auth.client.challenge(person.user.username)));
      const code = auth.client.codeOf(secret);
      const answers = await Promise.all(tokens.map((token) => verify(token, code)));
      expect(answers.filter(({ __typename }) => __typename === 'AuthPayload')).toHaveLength(1);
      expect(await sessionsOf(person.user.id)).toBe(before + 1);
    });

    it('of somebody else opens nothing', async () => {
      const [ada, bob] = [await enroll(), await enroll()];
      await expect(verify(await auth.client.challenge(ada.person.user.username), auth.client.codeOf(bob.secret))).resolves.toMatchObject({
        code: 'INVALID_CODE',
      });
    });

    it('opens a session that says how it was opened, and is audited', async () => {
      const { person, secret } = await enroll();
      const {
        accessToken = '',
        session,
        user,
      } = await verify(await auth.client.challenge(person.user.username), auth.client.codeOf(secret));
      expect(decodeJwt(accessToken)).toMatchObject({ sub: person.user.id, sid: session?.id, amr: ['pwd', 'otp', 'mfa'] });
      expect(session).toMatchObject({ device: 'Console' });
      expect(user).toEqual({ id: person.user.id, mfaEnabled: true });
      expect(await actionsOf(person.user.id)).toContain('LOGIN_SUCCEEDED');
    });

    it('is remembered by the session: its refreshed tokens say the same', async () => {
      const { person, secret } = await enroll();
      const { refreshToken = '' } = await verify(await auth.client.challenge(person.user.username), auth.client.codeOf(secret));
      const { accessToken } = await auth.client.mustRefresh(refreshToken);
      expect(decodeJwt(accessToken).amr).toEqual(['pwd', 'otp', 'mfa']);
    });
  });

  describe('a challenge', () => {
    it.each(['', 'x', 'x'.repeat(43), 'é'.repeat(43), 'x'.repeat(100_000)])('is none that nobody was given', async (mfaToken) => {
      await expect(verify(mfaToken, '123456')).resolves.toMatchObject({ code: 'INVALID_MFA_TOKEN' });
    });

    it('SECURITY 31: is an opaque token, of which only the hash is kept, and good for nothing else', async () => {
      const { person } = await enroll();
      const mfaToken = await auth.client.challenge(person.user.username);
      expect(Buffer.from(mfaToken, 'base64url')).toHaveLength(32);
      expect(await auth.harness.prisma.mfaChallenge.count({ where: { hash: mfaToken } })).toBe(0);
      await expect(auth.client.refresh(mfaToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
      await expect(auth.harness.run('{ me { id } }', { token: mfaToken })).rejects.toEqual(unauthenticated);
    });

    it('SECURITY 31: takes five tries, and not a sixth though its code is right', async () => {
      const { person, secret } = await enroll();
      const mfaToken = await auth.client.challenge(person.user.username);
      for (let tries = 0; tries < 5; tries += 1) {
        await expect(verify(mfaToken, wrongCode(secret))).resolves.toMatchObject({ code: 'INVALID_CODE' });
      }
      await expect(verify(mfaToken, auth.client.codeOf(secret))).resolves.toMatchObject({ code: 'INVALID_MFA_TOKEN' });
      await expect(verify(await auth.client.challenge(person.user.username), auth.client.codeOf(secret))).resolves.toMatchObject({
        __typename: 'AuthPayload',
      });
    });

    it('SECURITY 31: takes a right code at the fifth try', async () => {
      const { person, secret } = await enroll();
      const mfaToken = await auth.client.challenge(person.user.username);
      for (let tries = 0; tries < 4; tries += 1) await verify(mfaToken, wrongCode(secret));
      await expect(verify(mfaToken, auth.client.codeOf(secret))).resolves.toMatchObject({ __typename: 'AuthPayload' });
    });

    it('SECURITY 31: takes five tries of fifty that come at once', async () => {
      const { person, secret } = await enroll();
      const mfaToken = await auth.client.challenge(person.user.username);
      const answers = await Promise.all(Array.from({ length: 50 }, () => verify(mfaToken, wrongCode(secret))));
      expect(answers.filter(({ code }) => code === 'INVALID_CODE')).toHaveLength(5);
      expect(answers.filter(({ code }) => code === 'INVALID_MFA_TOKEN')).toHaveLength(45);
    });

    it('SECURITY 31: lasts five minutes, and not a moment longer', async () => {
      const { person, secret } = await enroll();
      const [late, intime] = [await auth.client.challenge(person.user.username), await auth.client.challenge(person.user.username)];
      auth.harness.advance(5 * minute);
      await expect(verify(late, auth.client.codeOf(secret))).resolves.toMatchObject({ code: 'INVALID_MFA_TOKEN' });
      auth.harness.advance(-1);
      await expect(verify(intime, auth.client.codeOf(secret))).resolves.toMatchObject({ __typename: 'AuthPayload' });
    });

    it('SECURITY 31: opens one session, though two right codes come at once', async () => {
      const { person, secret, recoveryCodes } = await enroll();
      const before = await sessionsOf(person.user.id);
      const mfaToken = await auth.client.challenge(person.user.username);
      const answers = await Promise.all([
        verify(mfaToken, auth.client.codeOf(secret)),
        verify(mfaToken, recoveryCodes[0] ?? ''),
        verify(mfaToken, auth.client.codeOf(secret)),
      ]);
      expect(answers.filter(({ __typename }) => __typename === 'AuthPayload')).toHaveLength(1);
      expect(await sessionsOf(person.user.id)).toBe(before + 1);
      await expect(verify(mfaToken, recoveryCodes[1] ?? '')).resolves.toMatchObject({ code: 'INVALID_MFA_TOKEN' });
    });

    it('ends when the account is disabled, and tells no more than an old one', async () => {
      const { person, secret } = await enroll();
      const mfaToken = await auth.client.challenge(person.user.username);
      await auth.harness.prisma.account.update({ where: { id: person.user.id }, data: { disabledAt: new Date(auth.harness.now()) } });
      await expect(verify(mfaToken, auth.client.codeOf(secret))).resolves.toMatchObject({ code: 'INVALID_MFA_TOKEN' });
      await expect(auth.client.send('login', { identifier: person.user.username, password })).resolves.toMatchObject({
        code: 'INVALID_CREDENTIALS',
      });
    });

    it('ends with all sessions of the account', async () => {
      const [{ person, secret }, moderator] = [await enroll(), await auth.client.mustRegister({ username: newName() })];
      await auth.harness.prisma.account.update({ where: { id: moderator.user.id }, data: { roles: ['USER', 'MODERATOR'] } });
      const { accessToken: token } = await auth.client.mustLogin({ identifier: moderator.user.username });
      const mfaToken = await auth.client.challenge(person.user.username);
      const { data } = await auth.harness.run(
        'mutation ($input: EndUserSessionsInput!) { endUserSessions(input: $input) { __typename } }',
        {
          variables: { input: { userId: person.user.id } },
          token,
        },
      );
      expect(data).toEqual({ endUserSessions: { __typename: 'EndUserSessionsPayload' } });
      await expect(verify(mfaToken, auth.client.codeOf(secret))).resolves.toMatchObject({ code: 'INVALID_MFA_TOKEN' });
    });

    it('SECURITY 8: is asked for as ever after a password reset, which only ends the one that was open', async () => {
      const email = `reset_${String(people)}@example.org`;
      const { person, secret } = await enroll({ email });
      await auth.harness.prisma.account.update({ where: { id: person.user.id }, data: { emailVerifiedAt: new Date(auth.harness.now()) } });
      const before = await auth.client.challenge(person.user.username);
      await auth.harness.run('mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { message } }', {
        variables: { input: { identifier: email } },
      });
      const { token } = await createMailbox(auth.harness.mailFolder).next(email, 'Choose a new password');
      const reset = await auth.harness.run('mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { __typename } }', {
        variables: { input: { token, newPassword: 'another horse battery staple' } },
      });
      expect(reset.data).toEqual({ resetPassword: { __typename: 'ResetPasswordPayload' } });
      await expect(verify(before, auth.client.codeOf(secret))).resolves.toMatchObject({ code: 'INVALID_MFA_TOKEN' });
      const answer = await auth.client.send('login', { identifier: email, password: 'another horse battery staple' });
      expect(answer).toMatchObject({ __typename: 'MfaRequired', methods: ['TOTP', 'RECOVERY_CODE'] });
      expect(await sessionsOf(person.user.id)).toBe(0);
      await expect(verify(answer.mfaToken ?? '', auth.client.codeOf(secret))).resolves.toMatchObject({ __typename: 'AuthPayload' });
    });

    it('SECURITY 8: ends when the password changes', async () => {
      const { person, secret } = await enroll();
      const mfaToken = await auth.client.challenge(person.user.username);
      const { data } = await auth.harness.run('mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename } }', {
        variables: { input: { currentPassword: password, newPassword: 'another horse battery staple' } },
        token: person.accessToken,
      });
      expect(data).toEqual({ changePassword: { __typename: 'ChangePasswordPayload' } });
      await expect(verify(mfaToken, auth.client.codeOf(secret))).resolves.toMatchObject({ code: 'INVALID_MFA_TOKEN' });
    });

    it('is processed once of a hundred aliases in an operation', async () => {
      const { person, secret } = await enroll();
      const mfaToken = await auth.client.challenge(person.user.username);
      const aliases = Array.from({ length: 100 }, (_, index) => `a${String(index)}: verifyMfa(input: $input) { __typename }`).join(' ');
      const { errors } = await auth.harness.run(`mutation ($input: VerifyMfaInput!) { ${aliases} }`, {
        variables: { input: { mfaToken, code: wrongCode(secret) } },
      });
      expect(errors).not.toHaveLength(0);
      const [challenge] = await auth.harness.prisma.mfaChallenge.findMany({ where: { accountId: person.user.id, usedAt: null } });
      expect(challenge?.tries).toBe(1);
    });
  });

  describe('wrong codes in a row', () => {
    it('SECURITY 31: after ten, over all challenges, make everybody wait ever longer, and a right one then forgets them', async () => {
      const { person, secret, recoveryCodes } = await enroll();
      const { username } = person.user;
      const guess = async (code: string) => verify(await auth.client.challenge(username), code);
      for (let tries = 0; tries < 9; tries += 1) await guess(wrongCode(secret));
      auth.harness.advance(stepMs);
      await expect(guess(auth.client.codeOf(secret))).resolves.toMatchObject({ __typename: 'AuthPayload' });

      for (let tries = 0; tries < 10; tries += 1) await guess(wrongCode(secret));
      auth.harness.advance(minute - 1);
      await expect(guess(auth.client.codeOf(secret))).resolves.toMatchObject({ code: 'INVALID_CODE' });
      auth.harness.advance(1);
      await expect(guess(wrongCode(secret))).resolves.toMatchObject({ code: 'INVALID_CODE' });
      auth.harness.advance(2 * minute - 1);
      await expect(guess(auth.client.codeOf(secret))).resolves.toMatchObject({ code: 'INVALID_CODE' });
      await expect(guess(recoveryCodes[0] ?? '')).resolves.toMatchObject({ __typename: 'AuthPayload' });
      await expect(guess(auth.client.codeOf(secret))).resolves.toMatchObject({ __typename: 'AuthPayload' });
      expect(await actionsOf(person.user.id)).toEqual(expect.arrayContaining(['MFA_FAILED', 'MFA_LOCKED', 'RECOVERY_CODE_USED']));
    });

    it('SECURITY 31: are ten though they come at once', async () => {
      const { person, secret } = await enroll();
      const tokens = await Promise.all(Array.from({ length: 20 }, () => auth.client.challenge(person.user.username)));
      await Promise.all(tokens.map((token) => verify(token, wrongCode(secret))));
      const { failures, lockedUntil } = await auth.harness.prisma.totp.findUniqueOrThrow({ where: { accountId: person.user.id } });
      expect(failures).toBe(10);
      expect(lockedUntil).toEqual(new Date(auth.harness.now() + minute));
    });
  });

  describe('recovery codes', () => {
    it('SECURITY 32: are ten, hashed, and each is good once', async () => {
      const { person, recoveryCodes } = await enroll({ email: 'recovery@example.org' });
      expect(recoveryCodes).toHaveLength(10);
      const rows = await auth.harness.prisma.recoveryCode.findMany({ where: { accountId: person.user.id } });
      for (const code of recoveryCodes) expect(JSON.stringify(rows)).not.toContain(code);
      const [code = ''] = recoveryCodes;
      const tokens = await Promise.all(Array.from({ length: 5 }, () => auth.client.challenge(person.user.username)));
      const answers = await Promise.all(tokens.map((token) => verify(token, code.toLowerCase().replaceAll('-', ' '))));
      expect(answers.filter(({ __typename }) => __typename === 'AuthPayload')).toHaveLength(1);
      await expect(verify(await auth.client.challenge(person.user.username), code)).resolves.toMatchObject({ code: 'INVALID_CODE' });
      const left = await auth.harness.prisma.recoveryCode.count({ where: { accountId: person.user.id, usedAt: null } });
      expect(left).toBe(9);
    });

    it('SECURITY 32: of somebody else, or of before, open nothing', async () => {
      const [ada, bob] = [await enroll(), await enroll()];
      await expect(verify(await auth.client.challenge(ada.person.user.username), bob.recoveryCodes[0] ?? '')).resolves.toMatchObject({
        code: 'INVALID_CODE',
      });
      const token = ada.person.accessToken;
      const regenerate = (input: object) => auth.client.send('regenerateRecoveryCodes', { password, ...input }, { token });
      await expect(regenerate({ code: auth.client.codeOf(ada.secret), password: 'wrong password' })).resolves.toMatchObject({
        code: 'INVALID_CREDENTIALS',
      });
      await expect(regenerate({ code: wrongCode(ada.secret) })).resolves.toMatchObject({ code: 'INVALID_CODE' });
      await expect(regenerate({ code: ada.recoveryCodes[0] })).resolves.toMatchObject({ code: 'INVALID_CODE' });
      const code = auth.client.codeOf(ada.secret);
      const { recoveryCodes = [] } = await regenerate({ code });
      expect(recoveryCodes).toHaveLength(10);
      await expect(regenerate({ code })).resolves.toMatchObject({ code: 'INVALID_CODE' });
      for (const old of ada.recoveryCodes.slice(0, 2)) {
        await expect(verify(await auth.client.challenge(ada.person.user.username), old)).resolves.toMatchObject({ code: 'INVALID_CODE' });
      }
      await expect(verify(await auth.client.challenge(ada.person.user.username), recoveryCodes[0] ?? '')).resolves.toMatchObject({
        __typename: 'AuthPayload',
      });
    });
  });

  describe('being switched off', () => {
    it('SECURITY 7: takes the password and a code', async () => {
      const { person, secret } = await enroll();
      const token = person.accessToken;
      const disable = (input: object) => auth.client.send('disableTotp', { password, ...input }, { token });
      const code = auth.client.codeOf(secret);
      await expect(disable({ code, password: 'wrong password' })).resolves.toMatchObject({ code: 'INVALID_CREDENTIALS' });
      await expect(disable({ code, password: null })).resolves.toMatchObject({ code: 'INVALID_CREDENTIALS' });
      await expect(disable({ code: wrongCode(secret) })).resolves.toMatchObject({ code: 'INVALID_CODE' });
      await auth.client.challenge(person.user.username);
      await expect(disable({ code })).resolves.toMatchObject({
        __typename: 'DisableTotpPayload',
        user: { id: person.user.id, mfaEnabled: false },
      });
      await auth.client.mustLogin({ identifier: person.user.username });
      expect(await auth.harness.prisma.recoveryCode.count({ where: { accountId: person.user.id } })).toBe(0);
      expect(await actionsOf(person.user.id)).toContain('MFA_DISABLED');
    });

    it('takes a recovery code in place of the app, once', async () => {
      const { person, recoveryCodes } = await enroll();
      const token = person.accessToken;
      const answers = await Promise.all(
        recoveryCodes.slice(0, 3).map((code) => auth.client.send('disableTotp', { password, code }, { token })),
      );
      expect(answers.filter(({ __typename }) => __typename === 'DisableTotpPayload')).toHaveLength(1);
    });
  });

  it('leaves no secret, code or token in events, audit log and mails', async () => {
    const { person, secret, recoveryCodes } = await enroll({ email: 'scan@example.org' });
    const mfaToken = await auth.client.challenge(person.user.username);
    const code = auth.client.codeOf(secret);
    await verify(mfaToken, wrongCode(secret));
    await verify(mfaToken, code);
    const [audit, mails, outbox] = [
      await auth.harness.prisma.auditEvent.findMany({ where: { accountId: person.user.id } }),
      await auth.harness.prisma.mail.findMany(),
      await auth.harness.prisma.outboxEvent.findMany({ where: { key: person.user.id }, select: { payload: true } }),
    ];
    expect(audit.map(({ action }) => action)).toEqual(expect.arrayContaining(['MFA_ENABLED', 'MFA_FAILED', 'LOGIN_SUCCEEDED']));
    const kept = JSON.stringify([audit.map(({ action, details }) => ({ action, details })), mails, outbox]);
    for (const hidden of [secret, mfaToken, `"${code}"`, ...recoveryCodes]) expect(kept).not.toContain(hidden);
  });
});
