import { beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabases } from '../../../../tests/testkit/services/databases.js';
import { text } from '../../../../tests/testkit/product/graphql-client.js';
import { ask, operations } from '../../tests/ask.js';
import { createAuthClient, goodPassword, type Payload } from '../../tests/auth-client.js';
import { useAuth } from '../../tests/use-auth.js';

const databases = await testDatabases();
const actions = ['disableUser', 'enableUser', 'endUserSessions'] as const;
type Action = (typeof actions)[number] | 'setUserRoles';

describe.each(databases)('moderation on $name', ({ open }) => {
  const auth = useAuth(open, createAuthClient);
  let admin: Payload;
  let moderator: Payload;
  let people = 0;
  beforeAll(async () => {
    admin = await newPerson(['USER', 'ADMIN']);
    moderator = await newPerson(['USER', 'MODERATOR']);
  }, 120_000);

  /** Their token still says USER: roles count as the database has them. */
  async function newPerson(roles = ['USER']): Promise<Payload> {
    const person = await auth.client.mustRegister({ username: `Person_${String((people += 1))}` });
    await auth.harness.prisma.account.update({ where: { id: person.user.id }, data: { roles } });
    return person;
  }

  const act = (action: Action, actor: Payload | null, userId: string, input: object = {}) =>
    ask(auth.harness, operations[action], { input: { userId, ...input } }, { token: actor?.accessToken });
  /** The access token; empty when there was none. */
  const login = async (identifier: string) =>
    text((await ask(auth.harness, operations.login, { input: { identifier, password: goodPassword } })).accessToken ?? '');
  const setRoles = (actor: Payload | null, userId: string, roles: readonly string[]) => act('setUserRoles', actor, userId, { roles });
  const auditOf = async (userId: string) => (await ask(auth.harness, operations.auditLog, { userId }, { token: admin.accessToken })).nodes;

  describe('who may act on whom', () => {
    it.each(actions)(
      '%s is refused to anonymous callers, to everyone without a role, and to roles that were taken away',
      async (action) => {
        const victim = await newPerson();
        await expect(act(action, null, victim.user.id)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
        await expect(act(action, await newPerson(), victim.user.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
        await expect(act(action, await newPerson(), 'nonsense')).rejects.toMatchObject({ code: 'FORBIDDEN' });
        const former = await newPerson(['USER', 'ADMIN']);
        const { accessToken } = await auth.client.mustLogin({ identifier: former.user.username });
        await auth.harness.prisma.account.update({ where: { id: former.user.id }, data: { roles: ['USER'] } });
        await expect(act(action, { ...former, accessToken }, victim.user.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
      },
    );

    it.each(actions)('%s is refused to a moderator who means a moderator or an administrator', async (action) => {
      await expect(act(action, moderator, admin.user.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(act(action, moderator, moderator.user.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(act(action, moderator, (await newPerson(['USER', 'MODERATOR'])).user.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    });

    it.each(['disableUser', 'enableUser'] as const)('%s is refused to an administrator who means themselves', async (action) => {
      await expect(act(action, admin, admin.user.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    });

    it('setUserRoles is for administrators alone', async () => {
      const victim = await newPerson();
      await expect(setRoles(null, victim.user.id, ['ADMIN'])).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      await expect(setRoles(victim, victim.user.id, ['ADMIN'])).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(setRoles(moderator, victim.user.id, ['MODERATOR'])).rejects.toMatchObject({ code: 'FORBIDDEN' });
    });

    it.each([...actions, 'setUserRoles'] as const)('%s knows nobody by what is no id, or the id of nobody', async (action) => {
      for (const userId of ['nonsense', '019aa000-0000-7000-8000-000000000001']) {
        await expect(act(action, admin, userId, action === 'setUserRoles' ? { roles: [] } : {})).resolves.toMatchObject({
          code: 'USER_NOT_FOUND',
        });
      }
    });
  });

  describe('disabling', () => {
    it('refuses a reason of 501 characters', async () => {
      const victim = await newPerson();
      await expect(act('disableUser', moderator, victim.user.id, { reason: 'x'.repeat(501) })).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
      });
      await expect(act('disableUser', moderator, victim.user.id, { reason: 'x'.repeat(500) })).resolves.toMatchObject({
        __typename: 'UserStatePayload',
      });
    });

    it('SECURITY 27: ends all sessions at once, and no sign-in or refresh begins another until the account is enabled', async () => {
      const victim = await newPerson();
      const other = await auth.client.mustLogin({ identifier: victim.user.username });
      const device = { deviceId: `device of ${victim.user.id}`, deviceSecret: 's'.repeat(40) };
      await ask(auth.harness, operations.loginWithDevice, { input: device });

      await expect(act('disableUser', moderator, victim.user.id, { reason: 'spam' })).resolves.toMatchObject({
        user: { id: victim.user.id },
      });
      for (const token of [victim.accessToken, other.accessToken]) {
        await expect(ask(auth.harness, operations.me, {}, { token })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      }
      await expect(auth.client.refresh(victim.refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
      await expect(auth.client.login({ identifier: victim.user.username })).resolves.toMatchObject({ code: 'INVALID_CREDENTIALS' });
      await auth.harness.untilPublished(
        (events) => events.filter(({ type, key }) => type === 'session.ended' && key === victim.user.id).length === 2,
      );
      await auth.harness.untilPublished((events) => events.some(({ type, key }) => type === 'user.disabled' && key === victim.user.id));

      await act('enableUser', moderator, victim.user.id);
      await expect(auth.client.refresh(victim.refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
      await expect(auth.client.mustLogin({ identifier: victim.user.username })).resolves.toMatchObject({ user: { id: victim.user.id } });
    });

    it('SECURITY 27: a guest whose account is disabled does not come back with the device', async () => {
      const device = { deviceId: `device ${String(people)}`, deviceSecret: 's'.repeat(40) };
      const guest = await ask(auth.harness, operations.loginWithDevice, { input: device });
      await act('disableUser', moderator, text(guest.user?.id));
      await expect(ask(auth.harness, operations.loginWithDevice, { input: device })).resolves.toMatchObject({
        code: 'INVALID_CREDENTIALS',
      });
    });

    it('SECURITY 27: leaves no session to sign-ins that come at the same moment', async () => {
      const victim = await newPerson();
      const [, ...answers] = await Promise.all([
        act('disableUser', admin, victim.user.id),
        ...Array.from({ length: 6 }, () => auth.client.login({ identifier: victim.user.username })),
      ]);
      expect(answers).toHaveLength(6);
      await expect(auth.harness.prisma.refreshFamily.count({ where: { accountId: victim.user.id, revokedAt: null } })).resolves.toBe(0);
    });

    it('is told to the log once, with the reason, however often it is repeated', async () => {
      const victim = await newPerson();
      await act('disableUser', moderator, victim.user.id, { reason: ' spam ' });
      await act('disableUser', admin, victim.user.id, { reason: 'again' });
      const nodes = await auditOf(victim.user.id);
      expect(nodes).toMatchObject([
        { action: 'USER_DISABLED', actor: { id: moderator.user.id }, sessionId: moderator.session.id, details: { reason: 'spam' } },
        { action: 'REGISTERED' },
      ]);
    });

    it('is seen by moderators and administrators, and by nobody else', async () => {
      const victim = await newPerson();
      await act('disableUser', admin, victim.user.id);
      const look = `query ($id: ID!) { user(id: $id) { disabledAt } }`;
      const signedIn = await auth.client.mustLogin({ identifier: moderator.user.username });
      const seen = await ask(auth.harness, look, { id: victim.user.id }, { token: signedIn.accessToken });
      expect(seen.disabledAt).toEqual(expect.any(String));
      const eve = await newPerson();
      await expect(ask(auth.harness, look, { id: victim.user.id }, { token: eve.accessToken })).resolves.toEqual({ disabledAt: null });
      await expect(ask(auth.harness, look, { id: victim.user.id })).resolves.toEqual({ disabledAt: null });
    });
  });

  it('SECURITY 27: endUserSessions ends every session, after which the user may sign in again', async () => {
    const victim = await newPerson();
    await auth.client.mustLogin({ identifier: victim.user.username });
    await expect(act('endUserSessions', moderator, victim.user.id)).resolves.toMatchObject({ endedSessions: 2 });
    await expect(act('endUserSessions', moderator, victim.user.id)).resolves.toMatchObject({ endedSessions: 0 });
    await expect(ask(auth.harness, operations.me, {}, { token: victim.accessToken })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(auth.client.refresh(victim.refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    await expect(auth.client.mustLogin({ identifier: victim.user.username })).resolves.toHaveProperty('accessToken');
  });

  describe('roles', () => {
    it('are set as a whole, USER always among them, and stand in the next token', async () => {
      const person = await newPerson();
      await expect(setRoles(admin, person.user.id, ['MODERATOR'])).resolves.toMatchObject({ user: { id: person.user.id } });
      await expect(auth.client.mustLogin({ identifier: person.user.username })).resolves.toMatchObject({
        user: { roles: ['USER', 'MODERATOR'] },
      });
      await setRoles(admin, person.user.id, []);
      await expect(auth.client.mustLogin({ identifier: person.user.username })).resolves.toMatchObject({ user: { roles: ['USER'] } });
      await expect(auditOf(person.user.id)).resolves.toMatchObject([
        { action: 'LOGIN_SUCCEEDED' },
        { action: 'ROLES_CHANGED', details: { from: ['USER', 'MODERATOR'], to: ['USER'] } },
        { action: 'LOGIN_SUCCEEDED' },
        { action: 'ROLES_CHANGED', actor: { id: admin.user.id }, details: { from: ['USER'], to: ['USER', 'MODERATOR'] } },
        { action: 'REGISTERED' },
      ]);
    });

    it('SECURITY 27: end every session of whoever loses one, whose tokens still say it, and none of whoever gets one', async () => {
      const person = await newPerson();
      await setRoles(admin, person.user.id, ['MODERATOR']);
      const before = await auth.client.mustRefresh(person.refreshToken);
      const elsewhere = await auth.client.mustLogin({ identifier: person.user.username });
      await setRoles(admin, person.user.id, ['MODERATOR', 'ADMIN']);
      await expect(ask(auth.harness, operations.me, {}, { token: before.accessToken })).resolves.toMatchObject({ id: person.user.id });

      await setRoles(admin, person.user.id, ['ADMIN']);
      for (const { accessToken, refreshToken } of [before, elsewhere]) {
        await expect(ask(auth.harness, operations.me, {}, { token: accessToken })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
        await expect(auth.client.refresh(refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
      }
      await auth.harness.untilPublished(
        (events) => events.filter(({ type, key }) => type === 'session.ended' && key === person.user.id).length === 2,
      );
      await setRoles(admin, person.user.id, []);
    });

    it('SECURITY 27: are in no token of a sign-in that comes at the moment when they are taken away', async () => {
      for (let round = 0; round < 3; round += 1) {
        const person = await newPerson(['USER', 'MODERATOR']);
        const [, ...answers] = await Promise.all([
          setRoles(admin, person.user.id, []),
          ...Array.from({ length: 8 }, () => login(person.user.username)),
        ]);
        for (const token of answers) {
          const { roles } = JSON.parse(Buffer.from(token.split('.')[1] ?? 'e30', 'base64url').toString()) as { roles?: string[] };
          if (roles?.includes('MODERATOR') !== true) continue;
          await expect(ask(auth.harness, operations.me, {}, { token })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
        }
      }
    });

    it('keep one administrator, a disabled one not counted', async () => {
      const disabled = await newPerson(['USER', 'ADMIN']);
      await act('disableUser', admin, disabled.user.id);
      await expect(setRoles(admin, admin.user.id, ['USER'])).resolves.toMatchObject({ code: 'LAST_ADMIN' });
      await setRoles(admin, disabled.user.id, ['USER']);
    });

    it('keep one administrator when all step down, or take each other down, at once', async () => {
      const admins = [admin, ...(await Promise.all(Array.from({ length: 3 }, () => newPerson(['USER', 'ADMIN']))))];
      const others = admins.slice(1);
      const answers = await Promise.allSettled([
        ...admins.map((each) => setRoles(each, each.user.id, ['USER'])),
        ...admins.map((each, index) => setRoles(each, admins[(index + 1) % admins.length]?.user.id ?? '', ['USER'])),
      ]);
      expect(answers).toHaveLength(8);
      const left = await auth.harness.prisma.account.findMany({
        where: { roles: { has: 'ADMIN' }, disabledAt: null },
        select: { id: true },
      });
      expect(left).toHaveLength(1);
      // The others go on with the administrator they know.
      await auth.harness.prisma.account.updateMany({
        where: { id: { in: others.map(({ user }) => user.id) } },
        data: { roles: ['USER'] },
      });
      await auth.harness.prisma.account.update({ where: { id: admin.user.id }, data: { roles: ['USER', 'ADMIN'] } });
      admin = await auth.client.mustLogin({ identifier: admin.user.username });
    });
  });
});
