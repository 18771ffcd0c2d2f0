import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { testDatabases } from '../../../../tests/testkit/services/databases.js';
import { text } from '../../../../tests/testkit/product/graphql-client.js';
import { ask, operations } from '../../tests/ask.js';
import { goodPassword } from '../../tests/auth-client.js';
import { publicUrl } from '../../tests/auth-harness.js';
import { createSecondFactorClient } from '../../tests/second-factor-client.js';
import { createSoftwareAuthenticator, type Mischief, type SoftwareAuthenticator } from '../../tests/software-authenticator.js';
import { useAuth } from '../../tests/use-auth.js';
import { ceremonyLifetimeMs } from './passkey-registration.js';

const password = goodPassword;
const databases = await testDatabases();
const beginning = `mutation { beginPasskeyConfirmation { __typename ... on PasskeyCeremony { id options } ... on UserError { code } } }`;

interface Holder {
  readonly id: string;
  readonly token: string;
  readonly authenticator: SoftwareAuthenticator;
  readonly codes: readonly string[];
}

describe.each(databases)('new recovery codes by a passkey, on $name', ({ open }) => {
  const auth = useAuth(open, createSecondFactorClient);
  let people = 0;

  async function addPasskey(id: string, token: string, given: string | null): Promise<Holder> {
    const authenticator = createSoftwareAuthenticator({ origin: publicUrl });
    const { id: ceremonyId, options } = await auth.client.send('beginPasskeyRegistration', { password: given }, { token });
    const { recoveryCodes = [] } = await auth.client.send(
      'finishPasskeyRegistration',
      { ceremonyId, response: authenticator.create(options) },
      { token },
    );
    return { id, token, authenticator, codes: recoveryCodes };
  }
  async function newHolder(): Promise<Holder> {
    const { user, accessToken } = await auth.client.mustRegister({ username: `holder_${String((people += 1))}` });
    return addPasskey(user.id, accessToken, password);
  }
  async function newGuest(): Promise<Holder & { refreshToken: string }> {
    const device = { deviceId: randomUUID(), deviceSecret: `${randomUUID()}${randomUUID()}` };
    const { user, accessToken, refreshToken } = await ask(auth.harness, operations.loginWithDevice, { input: device });
    return { ...(await addPasskey(text(user?.id), text(accessToken), null)), refreshToken: text(refreshToken) };
  }

  const begin = (token: string) => ask(auth.harness, beginning, {}, { token });
  const regenerate = ({ token }: Pick<Holder, 'token'>, input: object) => auth.client.send('regenerateRecoveryCodes', input, { token });
  async function answer({ token, authenticator }: Holder, mischief: Mischief = {}) {
    const { id, options } = await begin(token);
    return { ceremonyId: id, response: authenticator.get(options, mischief) };
  }
  const hashes = async ({ id }: Holder) =>
    (await auth.harness.prisma.recoveryCode.findMany({ where: { accountId: id }, orderBy: { hash: 'asc' } })).map(({ hash }) => hash);
  const invalid = { code: 'INVALID_PASSKEY' };

  it('is refused to an anonymous caller, and has nothing to begin with without a passkey', async () => {
    const anonymous = ask(auth.harness, beginning);
    await expect(anonymous).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const passkey = { ceremonyId: randomUUID(), response: {} };
    await expect(auth.client.send('regenerateRecoveryCodes', { password, passkey })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const { accessToken } = await auth.client.mustRegister({ username: `holder_${String((people += 1))}` });
    await expect(begin(accessToken)).resolves.toMatchObject({ code: 'PASSKEY_NOT_FOUND' });
  });

  it.each<[what: string, mischief: Mischief]>([
    ['for another site', { origin: 'https://evil.example' }],
    ['to another challenge', { challenge: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
    ['that was changed', { tamper: true }],
    ['of a registration', { type: 'webauthn.create' }],
    ['of nobody who was there', { userPresent: false }],
    ['of a copy of the authenticator', { counter: 0 }],
  ])('is refused for an answer %s, and voids nothing', async (_what, mischief) => {
    const ada = await newHolder();
    const before = await hashes(ada);
    // Its counter has moved since.
    await auth.harness.prisma.passkey.updateMany({ where: { accountId: ada.id }, data: { counter: 1 } });
    await expect(regenerate(ada, { password, passkey: await answer(ada, { counter: 2, ...mischief }) })).resolves.toMatchObject(invalid);
    await expect(hashes(ada)).resolves.toEqual(before);
  });

  it('SECURITY 7: takes the password of an account that has one, however good the passkey', async () => {
    const ada = await newHolder();
    for (const given of ['not the password', null]) {
      const passkey = await answer(ada);
      await expect(regenerate(ada, { password: given, passkey })).resolves.toMatchObject({ code: 'INVALID_CREDENTIALS' });
      await expect(regenerate(ada, { password, passkey })).resolves.toMatchObject(invalid);
    }
    await expect(regenerate(ada, { password })).resolves.toMatchObject({ code: 'INVALID_CODE' });
    await expect(regenerate(ada, { password, code: ada.codes[0] })).resolves.toMatchObject({ code: 'INVALID_CODE' });
  });

  it('is for the account of the passkey alone, with a ceremony of its own', async () => {
    const [ada, eve] = [await newHolder(), await newHolder()];
    const { id: ceremonyId, options } = await begin(eve.token);
    const ofAda = { ceremonyId, response: ada.authenticator.get(options) };
    await expect(regenerate(eve, { password, passkey: ofAda })).resolves.toMatchObject(invalid);
    await expect(regenerate(ada, { password, passkey: await answer(eve) })).resolves.toMatchObject(invalid);
    const login = await auth.client.send('beginPasskeyLogin', {});
    const ofLogin = { ceremonyId: login.id, response: ada.authenticator.get(login.options) };
    await expect(regenerate(ada, { password, passkey: ofLogin })).resolves.toMatchObject(invalid);
    await expect(auth.client.send('finishPasskeyLogin', await answer(ada))).resolves.toMatchObject(invalid);
  });

  it('takes an answer for five minutes, and once', async () => {
    const [late, soon] = [await newHolder(), await newHolder()];
    const answers = [await answer(late), await answer(soon)] as const;
    auth.harness.advance(ceremonyLifetimeMs - 1);
    const inTime = await Promise.all([1, 2, 3].map(() => regenerate(soon, { password, passkey: answers[1] })));
    expect(inTime.filter(({ __typename }) => __typename === 'RecoveryCodes')).toHaveLength(1);
    auth.harness.advance(1);
    await expect(regenerate(late, { password, passkey: answers[0] })).resolves.toMatchObject(invalid);
  });

  it('of an account without a password needs an authenticator that knows its owner, and no other proof', async () => {
    const guest = await newGuest();
    const before = await hashes(guest);
    // So long ago that the sign-in itself proves nothing any more.
    auth.harness.advance(10 * 60_000 + 1_000);
    const { accessToken: token } = await auth.client.mustRefresh(guest.refreshToken);
    const later = { ...guest, token };
    await expect(regenerate(later, { passkey: await answer(later, { userVerified: false }) })).resolves.toMatchObject(invalid);
    await expect(hashes(guest)).resolves.toEqual(before);
    const { recoveryCodes = [] } = await regenerate(later, { passkey: await answer(later) });
    expect(new Set(recoveryCodes).size).toBe(10);
    expect(await hashes(guest)).not.toEqual(before);
  });

  it('SECURITY 32: makes ten, and voids the old ones; the key may be a plain one beside the password', async () => {
    const ada = await newHolder();
    const { username } = await auth.harness.prisma.account.findUniqueOrThrow({ where: { id: ada.id }, select: { username: true } });
    const passkey = await answer(ada, { userVerified: false });
    const { recoveryCodes = [] } = await regenerate(ada, { password, passkey });
    expect(new Set(recoveryCodes).size).toBe(10);
    const enter = async (code = '') => auth.client.send('verifyMfa', { mfaToken: await auth.client.challenge(username), code });
    await expect(enter(ada.codes[0])).resolves.toMatchObject({ code: 'INVALID_CODE' });
    await expect(enter(recoveryCodes[0])).resolves.toMatchObject({ __typename: 'AuthPayload' });
    const told = await auth.harness.prisma.auditEvent.findFirst({ where: { accountId: ada.id, action: 'RECOVERY_CODES_REGENERATED' } });
    expect(told?.details).toEqual({ method: 'PASSKEY' });
  });
});
