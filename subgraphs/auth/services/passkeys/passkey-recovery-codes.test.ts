import { describe, expect, it } from '@jest/globals';
import { testDatabases } from '../../../../tests/testkit/services/databases.js';
import { goodPassword, type Payload } from '../../tests/auth-client.js';
import { publicUrl } from '../../tests/auth-harness.js';
import { createSecondFactorClient } from '../../tests/second-factor-client.js';
import { createSoftwareAuthenticator } from '../../tests/software-authenticator.js';
import { useAuth } from '../../tests/use-auth.js';

const password = goodPassword;
const databases = await testDatabases();

describe.each(databases)('recovery codes of an account with passkeys on $name', ({ open }) => {
  const auth = useAuth(open, createSecondFactorClient);
  let people = 0;

  const newName = () => `person_${String((people += 1))}`;
  const newPerson = () => auth.client.mustRegister({ username: newName() });
  async function addPasskey({ accessToken: token }: Payload) {
    const { id: ceremonyId, options } = await auth.client.send('beginPasskeyRegistration', { password }, { token });
    const response = createSoftwareAuthenticator({ origin: publicUrl }).create(options);
    const answer = await auth.client.send('finishPasskeyRegistration', { ceremonyId, response }, { token });
    if (answer.passkey === undefined) throw new Error('no passkey was registered');
    return { id: answer.passkey.id, codes: answer.recoveryCodes };
  }
  const removePasskey = ({ accessToken: token }: Payload, id: string) => auth.client.send('removePasskey', { id, password }, { token });
  async function enableTotp({ accessToken: token }: Payload) {
    const { secret = '' } = await auth.client.send('beginTotpEnrollment', { password }, { token });
    const { recoveryCodes = [] } = await auth.client.send('confirmTotpEnrollment', { code: auth.client.codeOf(secret) }, { token });
    return { secret, codes: recoveryCodes };
  }
  const enter = async ({ user }: Payload, code = '') =>
    auth.client.send('verifyMfa', { mfaToken: await auth.client.challenge(user.username), code });
  const invalid = { code: 'INVALID_CODE' };
  const welcome = { __typename: 'AuthPayload' };

  it('are not shown again with the second passkey, nor to whoever has an authenticator app', async () => {
    const person = await newPerson();
    await addPasskey(person);
    expect((await addPasskey(person)).codes).toBeUndefined();
    const { person: other, recoveryCodes } = await auth.client.enroll({ username: newName() });
    expect((await addPasskey(other)).codes).toBeUndefined();
    await expect(enter(other, recoveryCodes[0])).resolves.toMatchObject(welcome);
  });

  it("open nobody else's account, and none that is not waiting for its second factor", async () => {
    const [ada, eve] = [await newPerson(), await newPerson()];
    const { codes } = await addPasskey(ada);
    await addPasskey(eve);
    await expect(enter(eve, codes?.[0])).resolves.toMatchObject(invalid);
    await expect(auth.client.send('verifyMfa', { mfaToken: 'A'.repeat(43), code: codes?.[0] })).resolves.toMatchObject({
      code: 'INVALID_MFA_TOKEN',
    });
  });

  it('SECURITY 31: are ten with the first passkey, each good once in place of it, as signing in says', async () => {
    const person = await newPerson();
    const { codes = [] } = await addPasskey(person);
    expect(new Set(codes).size).toBe(10);
    const login = await auth.client.send('login', { identifier: person.user.username, password });
    expect(login.methods).toEqual(['RECOVERY_CODE', 'PASSKEY']);
    const answers = await Promise.all(Array.from({ length: 4 }, () => enter(person, codes[0])));
    expect(answers.filter(({ __typename }) => __typename === 'AuthPayload')).toHaveLength(1);
    for (const code of codes.slice(1)) await expect(enter(person, code)).resolves.toMatchObject(welcome);
    const without = await auth.client.send('login', { identifier: person.user.username, password });
    expect(without.methods).toEqual(['PASSKEY']);
    const kept = await auth.harness.prisma.recoveryCode.findMany({ where: { accountId: person.user.id } });
    expect(JSON.stringify(kept)).not.toContain(String(codes[0]).replaceAll('-', ''));
  });

  it('go with the last passkey, and new ones come with the next first one', async () => {
    const person = await newPerson();
    const [first, second] = [await addPasskey(person), await addPasskey(person)];
    await removePasskey(person, first.id);
    await expect(enter(person, first.codes?.[0])).resolves.toMatchObject(welcome);
    await removePasskey(person, second.id);
    expect(await auth.harness.prisma.recoveryCode.count({ where: { accountId: person.user.id } })).toBe(0);
    const { codes } = await addPasskey(person);
    expect(codes).toHaveLength(10);
    await expect(enter(person, first.codes?.[1])).resolves.toMatchObject(invalid);
    await expect(enter(person, codes?.[0])).resolves.toMatchObject(welcome);
  });

  it('are replaced by those of an authenticator app, and outlive it while there is a passkey', async () => {
    const person = await newPerson();
    const { codes: before } = await addPasskey(person);
    const { codes } = await enableTotp(person);
    await expect(enter(person, before?.[0])).resolves.toMatchObject(invalid);
    const { accessToken: token } = person;
    await expect(auth.client.send('disableTotp', { password, code: codes[0] }, { token })).resolves.toMatchObject({
      user: { mfaEnabled: true },
    });
    await expect(enter(person, codes[1])).resolves.toMatchObject(welcome);
    await expect(enter(person, codes[0])).resolves.toMatchObject(invalid);
  });

  it('are one set when two first passkeys are registered at once', async () => {
    const person = await newPerson();
    const sets = (await Promise.all([addPasskey(person), addPasskey(person)])).flatMap(({ codes }) => (codes === undefined ? [] : [codes]));
    expect(sets).toHaveLength(1);
    await expect(enter(person, sets[0]?.[0])).resolves.toMatchObject(welcome);
  });

  it('do not make ten more: that takes a code of the app', async () => {
    const person = await newPerson();
    const { codes } = await addPasskey(person);
    const { accessToken: token } = person;
    await expect(auth.client.send('regenerateRecoveryCodes', { password, code: codes?.[0] }, { token })).resolves.toMatchObject(invalid);
    await expect(enter(person, codes?.[0])).resolves.toMatchObject(welcome);
  });
});
