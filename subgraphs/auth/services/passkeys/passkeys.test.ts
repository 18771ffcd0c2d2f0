import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { z } from 'zod';
import { testDatabases } from '../../../../tests/testkit/services/databases.js';
import { goodPassword, type Payload } from '../../tests/auth-client.js';
import { publicUrl } from '../../tests/auth-harness.js';
import { createSecondFactorClient } from '../../tests/second-factor-client.js';
import { createSoftwareAuthenticator, type Mischief, type SoftwareAuthenticator } from '../../tests/software-authenticator.js';
import { useAuth } from '../../tests/use-auth.js';
import { passkeysPerAccount } from './passkey-registration.js';

const minute = 60_000;
const password = goodPassword;
const databases = await testDatabases();
const unauthenticated = expect.objectContaining({ code: 'UNAUTHENTICATED' });
const challengeOf = (options: unknown) => z.object({ challenge: z.string() }).parse(options).challenge;
const newAuthenticator = () => createSoftwareAuthenticator({ origin: publicUrl });

/** What no server may take from a page or an authenticator, in a registration as in a sign-in. */
const mischiefs: readonly (readonly [string, Mischief])[] = [
  ['of another site', { origin: 'https://evil.example' }],
  ['of another port', { origin: `${publicUrl}:8443` }],
  ['of the site without TLS', { origin: publicUrl.replace('https', 'http') }],
  ['for another relying party', { rpId: 'evil.example' }],
  ['to another challenge', { challenge: Buffer.alloc(32).toString('base64url') }],
  ['to an empty challenge', { challenge: '' }],
  ['of another type', { type: 'payment.get' }],
  ['without anybody present', { userPresent: false, userVerified: false }],
];

describe.each(databases)('passkeys on $name', ({ open }) => {
  const auth = useAuth(open, createSecondFactorClient);
  let people = 0;

  const newPerson = (input: object = {}) => auth.client.mustRegister({ username: `person_${String((people += 1))}`, ...input });
  const beginRegistration = ({ accessToken: token }: Payload) => auth.client.send('beginPasskeyRegistration', { password }, { token });
  const finishRegistration = ({ accessToken: token }: Payload, input: object) =>
    auth.client.send('finishPasskeyRegistration', input, { token });
  const register = async (person: Payload, authenticator = newAuthenticator(), mischief: Mischief = {}) => {
    const { id: ceremonyId, options } = await beginRegistration(person);
    return finishRegistration(person, { ceremonyId, response: authenticator.create(options, mischief), name: 'Key' });
  };
  const mustRegister = async (
    person: Payload,
    authenticator = newAuthenticator(),
    mischief: Mischief = {},
  ): Promise<SoftwareAuthenticator> => {
    expect(await register(person, authenticator, mischief)).toMatchObject({ __typename: 'FinishPasskeyRegistrationPayload' });
    return authenticator;
  };
  const signIn = async (authenticator: SoftwareAuthenticator, mischief: Mischief = {}, mfaToken: string | null = null) => {
    const { id: ceremonyId, options } = await auth.client.send('beginPasskeyLogin', { mfaToken });
    return auth.client.send('finishPasskeyLogin', { ceremonyId, response: authenticator.get(options, mischief) });
  };
  const actionsOf = async (accountId: string) =>
    (await auth.harness.prisma.auditEvent.findMany({ where: { accountId }, orderBy: { id: 'asc' } })).map(({ action }) => action);
  const invalid = { code: 'INVALID_PASSKEY' };
  const welcome = { __typename: 'AuthPayload' };

  describe('being registered', () => {
    it('are refused to an anonymous caller', async () => {
      await expect(auth.client.send('beginPasskeyRegistration', { password })).rejects.toEqual(unauthenticated);
      await expect(auth.client.send('finishPasskeyRegistration', { ceremonyId: randomUUID(), response: {} })).rejects.toEqual(
        unauthenticated,
      );
      await expect(auth.client.send('removePasskey', { id: randomUUID(), password })).rejects.toEqual(unauthenticated);
      const { errors } = await auth.harness.run('{ passkeys { id } }');
      expect(errors?.[0]?.originalError).toEqual(unauthenticated);
    });

    it.each([
      ['a wrong password', 'not the password'],
      ['no password', null],
    ])('SECURITY 7: are refused with %s', async (_name, given) => {
      const { accessToken: token } = await newPerson();
      await expect(auth.client.send('beginPasskeyRegistration', { password: given }, { token })).resolves.toMatchObject({
        code: 'INVALID_CREDENTIALS',
      });
    });

    it.each([...mischiefs, ['of a sign-in', { type: 'webauthn.get' }] as const])(
      'are refused with an answer %s',
      async (_name, mischief) => {
        const person = await newPerson();
        await expect(register(person, newAuthenticator(), mischief)).resolves.toMatchObject(invalid);
        expect(await auth.harness.prisma.passkey.count({ where: { accountId: person.user.id } })).toBe(0);
      },
    );

    it.each([
      ['nothing', null],
      ['a word', 'passkey'],
      ['an empty object', {}],
      ['an object of nonsense', { id: 'x', rawId: 'x', type: 'public-key', response: { clientDataJSON: 'eA', attestationObject: 'eA' } }],
      ['half a megabyte', { id: 'x'.repeat(500_000), rawId: 'x', type: 'public-key', response: {} }],
      ['a prototype', JSON.parse('{"__proto__": {"id": "x"}}') as object],
    ])('are refused with %s for an answer', async (_name, response) => {
      const person = await newPerson();
      const { id: ceremonyId } = await beginRegistration(person);
      if (response === null) return expect(finishRegistration(person, { ceremonyId, response })).rejects.toThrow();
      return expect(finishRegistration(person, { ceremonyId, response })).resolves.toMatchObject(invalid);
    });

    it('take an answer once, of the account that it was asked of, within five minutes', async () => {
      const [ada, bob] = [await newPerson(), await newPerson()];
      const authenticator = newAuthenticator();
      const first = await beginRegistration(ada);
      const response = authenticator.create(first.options);
      await expect(finishRegistration(bob, { ceremonyId: first.id, response })).resolves.toMatchObject(invalid);
      const answers = await Promise.all(Array.from({ length: 5 }, () => finishRegistration(ada, { ceremonyId: first.id, response })));
      expect(answers.filter(({ __typename }) => __typename === 'FinishPasskeyRegistrationPayload')).toHaveLength(1);

      const [late, intime] = [await beginRegistration(ada), await beginRegistration(ada)];
      auth.harness.advance(5 * minute);
      await expect(
        finishRegistration(ada, { ceremonyId: late.id, response: newAuthenticator().create(late.options) }),
      ).resolves.toMatchObject(invalid);
      auth.harness.advance(-1);
      await expect(
        finishRegistration(ada, { ceremonyId: intime.id, response: newAuthenticator().create(intime.options) }),
      ).resolves.toMatchObject({ __typename: 'FinishPasskeyRegistrationPayload' });
    });

    it('are refused with the ceremony of a sign-in, and a sign-in with theirs', async () => {
      const person = await newPerson();
      const authenticator = await mustRegister(person);
      const login = await auth.client.send('beginPasskeyLogin', {});
      const registration = await beginRegistration(person);
      const created = newAuthenticator().create({
        ...(registration.options as object),
        challenge: challengeOf(login.options),
      });
      await expect(finishRegistration(person, { ceremonyId: login.id, response: created })).resolves.toMatchObject(invalid);
      const got = authenticator.get({ ...(login.options as object), challenge: challengeOf(registration.options) });
      await expect(auth.client.send('finishPasskeyLogin', { ceremonyId: registration.id, response: got })).resolves.toMatchObject(invalid);
    });

    it('are refused when another account has the credential, and stay with it', async () => {
      const [ada, mallory] = [await newPerson(), await newPerson()];
      const authenticator = await mustRegister(ada);
      await expect(register(mallory, authenticator)).resolves.toMatchObject(invalid);
      expect(await auth.harness.prisma.passkey.count({ where: { accountId: mallory.user.id } })).toBe(0);
    });

    it.each([
      ['', 'EMPTY'],
      ['x'.repeat(65), 'TOO_LONG'],
      ['nul\u0000', 'INVALID_CHARS'],
      ['\u202egnp', 'INVALID_CHARS'],
    ])('are refused with the name %j', async (name, code) => {
      const person = await newPerson();
      const { id: ceremonyId, options } = await beginRegistration(person);
      const response = newAuthenticator().create(options);
      await expect(finishRegistration(person, { ceremonyId, response, name })).resolves.toMatchObject({ fields: [{ path: 'name', code }] });
      await expect(finishRegistration(person, { ceremonyId, response, name: 'x'.repeat(64) })).resolves.toMatchObject({
        passkey: { name: 'x'.repeat(64), lastUsedAt: null },
      });
    });

    it('ask the authenticator for what a passkey needs, and not for one that is there', async () => {
      const person = await newPerson();
      const authenticator = await mustRegister(person);
      const { options } = await beginRegistration(person);
      expect(options).toMatchObject({
        rp: { id: 'galaxia.example', name: 'Galaxia' },
        user: { name: person.user.username, id: Buffer.from(person.user.id.replaceAll('-', ''), 'hex').toString('base64url') },
        attestation: 'none',
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
        excludeCredentials: [{ id: authenticator.credentialId, transports: ['internal'] }],
        timeout: 5 * minute,
      });
    });

    it('are twenty at the most, also when the last two come at once', async () => {
      const person = await newPerson();
      for (let count = 0; count < passkeysPerAccount - 1; count += 1) await mustRegister(person);
      const last = [await beginRegistration(person), await beginRegistration(person)];
      const answers = await Promise.allSettled(
        last.map(({ id: ceremonyId, options }) => finishRegistration(person, { ceremonyId, response: newAuthenticator().create(options) })),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      await expect(beginRegistration(person)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
      expect(await auth.harness.prisma.passkey.count({ where: { accountId: person.user.id } })).toBe(passkeysPerAccount);
    });

    it('switch the second factor on, and are audited', async () => {
      const person = await newPerson();
      await mustRegister(person);
      const { data } = await auth.harness.run('{ me { mfaEnabled } passkeys { name lastUsedAt } }', { token: person.accessToken });
      expect(data).toEqual({ me: { mfaEnabled: true }, passkeys: [{ name: 'Key', lastUsedAt: null }] });
      expect(await actionsOf(person.user.id)).toContain('PASSKEY_ADDED');
    });
  });

  describe('signing in alone', () => {
    it.each([
      ...mischiefs,
      ['of a registration', { type: 'webauthn.create' }] as const,
      ['that was changed on its way', { tamper: true }] as const,
      ['without a PIN or a finger', { userVerified: false }] as const,
      ['that does not say whose', { userHandle: null }] as const,
      ['that says somebody else', { userHandle: Buffer.alloc(16).toString('base64url') }] as const,
      ['of an unknown credential', { credentialId: Buffer.alloc(32).toString('base64url') }] as const,
    ])('are refused with an answer %s', async (_name, mischief) => {
      const person = await newPerson();
      const authenticator = await mustRegister(person);
      await expect(signIn(authenticator, mischief)).resolves.toMatchObject(invalid);
      await expect(signIn(authenticator)).resolves.toMatchObject(welcome);
    });

    it('are refused with the credential of one and the signature of another', async () => {
      const [ada, mallory] = [await newPerson(), await newPerson()];
      const [hers, his] = [await mustRegister(ada), await mustRegister(mallory)];
      const handle = Buffer.from(ada.user.id.replaceAll('-', ''), 'hex').toString('base64url');
      await expect(signIn(his, { credentialId: hers.credentialId, userHandle: handle })).resolves.toMatchObject(invalid);
      await expect(signIn(his, { userHandle: handle })).resolves.toMatchObject(invalid);
    });

    it('take an answer once, within five minutes', async () => {
      const person = await newPerson();
      const authenticator = await mustRegister(person);
      const { id: ceremonyId, options } = await auth.client.send('beginPasskeyLogin', {});
      const response = authenticator.get(options);
      const answers = await Promise.all(Array.from({ length: 5 }, () => auth.client.send('finishPasskeyLogin', { ceremonyId, response })));
      expect(answers.filter(({ __typename }) => __typename === 'AuthPayload')).toHaveLength(1);

      const [late, intime] = [await auth.client.send('beginPasskeyLogin', {}), await auth.client.send('beginPasskeyLogin', {})];
      const finish = (begun: typeof late) =>
        auth.client.send('finishPasskeyLogin', { ceremonyId: begun.id, response: authenticator.get(begun.options) });
      auth.harness.advance(5 * minute);
      await expect(finish(late)).resolves.toMatchObject(invalid);
      auth.harness.advance(-1);
      await expect(finish(intime)).resolves.toMatchObject(welcome);
    });

    it.each(['', 'x', randomUUID()])('are refused in the ceremony %j, which is none', async (ceremonyId) => {
      const authenticator = await mustRegister(await newPerson());
      const { options } = await auth.client.send('beginPasskeyLogin', {});
      await expect(auth.client.send('finishPasskeyLogin', { ceremonyId, response: authenticator.get(options) })).resolves.toMatchObject(
        invalid,
      );
    });

    it('are refused once the counter shows a second copy, which is audited', async () => {
      const person = await newPerson();
      const authenticator = await mustRegister(person);
      await expect(signIn(authenticator, { counter: 7 })).resolves.toMatchObject(welcome);
      for (const counter of [7, 6, 0]) await expect(signIn(authenticator, { counter })).resolves.toMatchObject(invalid);
      expect((await actionsOf(person.user.id)).filter((action) => action === 'PASSKEY_COUNTER_WENT_BACK')).toHaveLength(3);
      await expect(signIn(authenticator, { counter: 8 })).resolves.toMatchObject(welcome);
    });

    it('work for ever with one that does not count', async () => {
      const authenticator = await mustRegister(await newPerson(), newAuthenticator(), { counter: 0 });
      for (let times = 0; times < 3; times += 1) await expect(signIn(authenticator, { counter: 0 })).resolves.toMatchObject(welcome);
    });

    it('are refused when the account is disabled, and after they are removed', async () => {
      const [ada, bob] = [await newPerson(), await newPerson()];
      const [hers, his] = [await mustRegister(ada), await mustRegister(bob)];
      await auth.harness.prisma.account.update({ where: { id: ada.user.id }, data: { disabledAt: new Date(auth.harness.now()) } });
      await expect(signIn(hers)).resolves.toMatchObject(invalid);
      await auth.harness.prisma.passkey.deleteMany({ where: { accountId: bob.user.id } });
      await expect(signIn(his)).resolves.toMatchObject(invalid);
    });

    it('refuse a name of the device that is too long, and keep the ceremony', async () => {
      const authenticator = await mustRegister(await newPerson());
      const { id: ceremonyId, options } = await auth.client.send('beginPasskeyLogin', {});
      const response = authenticator.get(options);
      await expect(auth.client.send('finishPasskeyLogin', { ceremonyId, response, device: 'x'.repeat(101) })).resolves.toMatchObject({
        fields: [{ path: 'device', code: 'TOO_LONG' }],
      });
      await expect(auth.client.send('finishPasskeyLogin', { ceremonyId, response, device: 'Phone' })).resolves.toMatchObject({
        ...welcome,
        session: { device: 'Phone' },
      });
    });

    it('are both factors: the session says so, though the account has an authenticator app as well', async () => {
      const { person } = await auth.client.enroll({ username: `person_${String((people += 1))}` });
      const authenticator = await mustRegister(person);
      const { options } = await auth.client.send('beginPasskeyLogin', {});
      expect(options).toMatchObject({ rpId: 'galaxia.example', userVerification: 'required' });
      expect(options).not.toHaveProperty('allowCredentials');
      const { accessToken = '', user } = await signIn(authenticator);
      expect(decodeJwt(accessToken)).toMatchObject({ sub: person.user.id, amr: ['hwk', 'mfa'] });
      expect(user).toEqual({ id: person.user.id, mfaEnabled: true });
      const [passkey] = await auth.harness.prisma.passkey.findMany({ where: { accountId: person.user.id } });
      expect(passkey?.lastUsedAt).toEqual(new Date(auth.harness.now()));
    });
  });

  describe('as second factor', () => {
    it.each(['', 'x', 'x'.repeat(43)])('are not asked for with the token %j, which is none', async (mfaToken) => {
      await expect(auth.client.send('beginPasskeyLogin', { mfaToken })).resolves.toMatchObject({ code: 'INVALID_MFA_TOKEN' });
    });

    it('are asked for after the password, with the passkeys of the account', async () => {
      const person = await newPerson();
      const authenticator = await mustRegister(person);
      const answer = await auth.client.send('login', { identifier: person.user.username, password, device: 'Console' });
      expect(answer).toMatchObject({ __typename: 'MfaRequired', methods: ['RECOVERY_CODE', 'PASSKEY'] });
      const { id: ceremonyId, options } = await auth.client.send('beginPasskeyLogin', { mfaToken: answer.mfaToken });
      expect(options).toMatchObject({ allowCredentials: [{ id: authenticator.credentialId }], userVerification: 'preferred' });
      const response = authenticator.get(options, { userVerified: false, userHandle: null });
      const { accessToken = '', session } = await auth.client.send('finishPasskeyLogin', { ceremonyId, response });
      expect(decodeJwt(accessToken).amr).toEqual(['pwd', 'hwk', 'mfa']);
      expect(session).toMatchObject({ device: 'Console' });
    });

    it('of somebody else open nothing', async () => {
      const [ada, mallory] = [await newPerson(), await newPerson()];
      await mustRegister(ada);
      const his = await mustRegister(mallory);
      const mfaToken = await auth.client.challenge(ada.user.username);
      await expect(signIn(his, {}, mfaToken)).resolves.toMatchObject(invalid);
      await expect(signIn(his, { userHandle: null }, mfaToken)).resolves.toMatchObject(invalid);
    });

    it('without a PIN open nothing alone with the challenge of another ceremony', async () => {
      const person = await newPerson();
      const authenticator = await mustRegister(person);
      const alone = await auth.client.send('beginPasskeyLogin', {});
      const response = authenticator.get(alone.options, { userVerified: false });
      await expect(auth.client.send('finishPasskeyLogin', { ceremonyId: alone.id, response })).resolves.toMatchObject(invalid);
    });

    it('SECURITY 31: take five tries of a challenge, and open one session', async () => {
      const person = await newPerson();
      const authenticator = await mustRegister(person);
      const mfaToken = await auth.client.challenge(person.user.username);
      const begun = await Promise.all(Array.from({ length: 3 }, () => auth.client.send('beginPasskeyLogin', { mfaToken })));
      const answers = [];
      for (const { id: ceremonyId, options } of begun) {
        answers.push(await auth.client.send('finishPasskeyLogin', { ceremonyId, response: authenticator.get(options) }));
      }
      expect(answers.map(({ __typename }) => __typename)).toEqual(['AuthPayload', 'InvalidPasskeyError', 'InvalidPasskeyError']);

      const other = await auth.client.challenge(person.user.username);
      for (let tries = 0; tries < 5; tries += 1)
        await expect(signIn(authenticator, { tamper: true }, other)).resolves.toMatchObject(invalid);
      await expect(auth.client.send('beginPasskeyLogin', { mfaToken: other })).resolves.toMatchObject({ code: 'INVALID_MFA_TOKEN' });
    });

    it('are no way for an account that has none', async () => {
      const { person } = await auth.client.enroll({ username: `person_${String((people += 1))}` });
      const mfaToken = await auth.client.challenge(person.user.username);
      await expect(auth.client.send('beginPasskeyLogin', { mfaToken })).resolves.toMatchObject({ code: 'INVALID_MFA_TOKEN' });
    });
  });

  describe('being removed', () => {
    it('SECURITY 7: takes the password, and is for the owner alone', async () => {
      const [ada, bob] = [await newPerson(), await newPerson()];
      await mustRegister(ada);
      const [passkey] = await auth.harness.prisma.passkey.findMany({ where: { accountId: ada.user.id } });
      const id = passkey?.id ?? '';
      const remove = ({ accessToken: token }: Payload, input: object) =>
        auth.client.send('removePasskey', { id, password, ...input }, { token });
      await expect(remove(ada, { password: 'wrong password' })).resolves.toMatchObject({ code: 'INVALID_CREDENTIALS' });
      for (const [person, other] of [
        [bob, id],
        [ada, 'x'],
        [ada, randomUUID()],
      ] as const) {
        await expect(remove(person, { id: other })).resolves.toMatchObject({ code: 'PASSKEY_NOT_FOUND' });
      }
      await expect(remove(ada, { id: id.toUpperCase() })).resolves.toMatchObject({ __typename: 'RemovePasskeyPayload', id });
      await auth.client.mustLogin({ identifier: ada.user.username });
      expect(await actionsOf(ada.user.id)).toContain('PASSKEY_REMOVED');
    });
  });
});
