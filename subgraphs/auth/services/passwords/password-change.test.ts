import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import { v7 as uuidv7 } from 'uuid';
import { createSignInRepository } from '../../data/sign-in-repository.js';
import { ask, operations } from '../../tests/ask.js';
import { createAuthClient, goodPassword } from '../../tests/auth-client.js';
import { logger, startAuth, type AuthHarness } from '../../tests/auth-harness.js';
import { createMailbox } from '../../tests/mailbox.js';
import { testDatabases, type OpenedDatabase } from '../../../../tests/testkit/services/databases.js';
import { createRateLimits } from '../../../../shared/rate-limits/rate-limits.js';
import { argon2Parameters } from './password-hasher.js';

const databases = await testDatabases();
const passwordCost = { ...argon2Parameters, memoryCost: 1024 };
const newPassword = 'four wheels of cheese';

describe.each(databases)('SECURITY 7: changePassword on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let harness: AuthHarness;
  let client: ReturnType<typeof createAuthClient>;

  let people = 0;
  let name = '';

  beforeAll(async () => {
    opened = await open();
    harness = await startAuth(opened.database, { passwordCost, rateLimits: createRateLimits({ redisUrl: undefined, scale: 1, logger }) });
    client = createAuthClient(harness);
  });
  beforeEach(() => {
    name = `Ada_${String((people += 1))}`;
  });
  afterAll(async () => {
    await harness.close();
    await opened.close();
  });

  const change = (token: string | undefined, input: { currentPassword?: string; newPassword?: string } = {}) =>
    ask(harness, operations.changePassword, { input: { currentPassword: goodPassword, newPassword, ...input } }, { token });
  const register = () => client.mustRegister({ username: name, email: `${name}@example.org` });
  const login = (password: string) => client.login({ identifier: name, password });
  const signedIn = expect.objectContaining({ __typename: 'AuthPayload' });
  const refused = expect.objectContaining({ __typename: 'InvalidCredentialsError', code: 'INVALID_CREDENTIALS' });
  const storedHash = async (accountId: string) => (await harness.prisma.credential.findFirst({ where: { accountId } }))?.secret;

  it('refuses an anonymous caller', async () => {
    await register();
    await expect(change(undefined)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(login(goodPassword)).resolves.toEqual(signedIn);
  });

  it('changes nothing for whoever does not know the current password, which the audit log tells', async () => {
    const { accessToken, user, session } = await register();
    for (const currentPassword of ['', 'wrong', `${goodPassword} `, 'x'.repeat(5_000)]) {
      await expect(change(accessToken, { currentPassword })).resolves.toEqual(refused);
    }
    await expect(login(newPassword)).resolves.toEqual(refused);
    await expect(login(goodPassword)).resolves.toEqual(signedIn);
    await expect(
      harness.prisma.auditEvent.findFirst({ where: { action: 'REAUTHENTICATION_FAILED', accountId: user.id } }),
    ).resolves.toMatchObject({
      accountId: user.id,
      actorId: user.id,
      sessionId: session.id,
      details: { purpose: 'changePassword' },
    });
  });

  it('is no place to guess the password', async () => {
    const { accessToken } = await register();
    for (let guess = 1; guess <= 10; guess += 1) await change(accessToken, { currentPassword: `guess ${String(guess)}` });
    await expect(change(accessToken, { currentPassword: 'guess 11' })).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await expect(change(accessToken)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('takes one guess of an operation, however often it stands there', async () => {
    const { accessToken } = await register();
    const one = `changePassword(input: { currentPassword: "wrong", newPassword: "${newPassword}" }) { __typename }`;
    const { data, errors } = await harness.run(`mutation { a: ${one} b: ${one} }`, { token: accessToken });
    expect(errors?.map(({ path }) => path?.[0]) ?? data).toEqual(['b']);
  });

  it.each([
    ['too short', 'abc', 'TOO_SHORT'],
    ['common', 'password1', 'TOO_COMMON'],
    ['of the product', 'galaxia2026', 'TOO_COMMON'],
  ])('minds the rules of passwords: one %s', async (_name, given, code) => {
    const { accessToken } = await register();
    const answer = await change(accessToken, { newPassword: given });
    expect(answer).toMatchObject({ __typename: 'InvalidInputError', fields: [{ path: 'newPassword', code }] });
  });

  it('ends all other sessions, tells by mail and in the audit log, and keeps the own session', async () => {
    const own = await register();
    const others = [await client.mustLogin({ identifier: name }), await client.mustLogin({ identifier: name })];
    await expect(change(own.accessToken)).resolves.toMatchObject({ endedSessions: 2 });

    for (const { accessToken, refreshToken } of others) {
      await expect(ask(harness, operations.me, {}, { token: accessToken })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      await expect(client.refresh(refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    }
    await client.mustRefresh(own.refreshToken);
    await expect(login(goodPassword)).resolves.toEqual(refused);
    await expect(login(newPassword)).resolves.toEqual(signedIn);

    const isEnd = ({ type, key }: { type: string; key: string }) => type === 'session.ended' && key === own.user.id;
    await harness.untilPublished((events) => events.filter(isEnd).length === 2);
    const ended = harness.events.filter(isEnd).map(({ payload }) => payload);
    for (const { session } of others)
      expect(ended).toContainEqual(expect.objectContaining({ sessionId: session.id, reason: 'PASSWORD_CHANGED' }));
    await expect(
      harness.prisma.auditEvent.findMany({ where: { action: 'PASSWORD_CHANGED', accountId: own.user.id } }),
    ).resolves.toMatchObject([{ accountId: own.user.id, actorId: own.user.id, sessionId: own.session.id }]);
    const mail = await createMailbox(harness.mailFolder).next(`${name}@example.org`, 'password');
    for (const secret of [goodPassword, newPassword]) expect(`${mail.subject}${mail.text}`).not.toContain(secret);
  });

  it('voids second steps that wait for a code', async () => {
    const { accessToken, user } = await register();
    const [createdAt, expiresAt] = [new Date(harness.now()), new Date(harness.now() + 60_000)];
    await harness.prisma.mfaChallenge.create({ data: { hash: name, accountId: user.id, amr: ['pwd'], createdAt, expiresAt } });
    await change(accessToken);
    const challenge = await harness.prisma.mfaChallenge.findUnique({ where: { hash: name } });
    expect(challenge?.usedAt).not.toBeNull();
  });

  it('lets one of several changes at once win', async () => {
    const { accessToken } = await register();
    const wishes = Array.from({ length: 5 }, (_, index) => `wish number ${String(index)}`);
    const answers = await Promise.all(wishes.map((wish) => change(accessToken, { newPassword: wish })));
    const winners = wishes.filter((_, index) => answers[index]?.__typename === ('ChangePasswordPayload' as unknown));
    expect(winners).toHaveLength(1);
    expect(answers.filter((answer) => answer.__typename === ('InvalidCredentialsError' as unknown))).toHaveLength(4);
    await expect(login(winners[0] ?? '')).resolves.toEqual(signedIn);
  });

  it('SECURITY 5: is not undone by sign-ins that hash the old password anew at the same time', async () => {
    const { accessToken, user } = await register();
    await harness.prisma.credential.updateMany({
      where: { accountId: user.id },
      data: { secret: `as-typed:${await bcrypt.hash(goodPassword, 8)}` },
    });
    const [changed] = await Promise.all([change(accessToken), ...Array.from({ length: 8 }, () => login(goodPassword))]);
    expect(changed).toMatchObject({ __typename: 'ChangePasswordPayload' });
    expect(await storedHash(user.id)).toMatch(/^\$argon2id\$v=19\$m=1024,/);
    await expect(login(goodPassword)).resolves.toEqual(refused);
    await expect(login(newPassword)).resolves.toEqual(signedIn);
    // Whoever came in before the change was sent out by it, and whoever came after it did not get in.
    const live = await harness.prisma.refreshFamily.findMany({ where: { accountId: user.id, revokedAt: null } });
    expect(live).toHaveLength(2);
  });

  it('opens nothing for a sign-in that it overtook', async () => {
    const { accessToken, user } = await register();
    const passwordHash = await storedHash(user.id);
    await change(accessToken);
    const at = new Date(harness.now());
    const outcome = await createSignInRepository(harness.prisma).startByFirstFactor(
      {
        family: {
          id: uuidv7(),
          accountId: user.id,
          device: 'late',
          amr: ['pwd'],
          createdAt: at,
          expiresAt: new Date(at.getTime() + 60_000),
          tokenHash: `late ${name}`,
        },
        roles: ['USER'],
        events: [],
        audit: [],
        mails: [],
        place: { hash: 'place', ifNew: { audit: [], mails: [] } },
      },
      { passwordHash, isNewPlaceRefused: false },
    );
    expect(outcome).toEqual({ kind: 'void' });
    await expect(harness.prisma.refreshFamily.count({ where: { accountId: user.id, device: 'late' } })).resolves.toBe(0);
  });
});
