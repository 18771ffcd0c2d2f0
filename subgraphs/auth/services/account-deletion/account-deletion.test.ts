import { describe, expect, it } from '@jest/globals';
import { testDatabases } from '../../../../tests/testkit/services/databases.js';
import { text } from '../../../../tests/testkit/product/graphql-client.js';
import { ask, operations } from '../../tests/ask.js';
import { createAuthClient, goodPassword, type Payload } from '../../tests/auth-client.js';
import { startAuth } from '../../tests/auth-harness.js';
import { useAuth } from '../../tests/use-auth.js';
import { usernameHoldMs } from '../usernames/username-holds.js';
import { coolOffMs } from './account-deletion.js';

const databases = await testDatabases();

describe.each(databases)('the end of an account on $name', ({ open }) => {
  const auth = useAuth(open, createAuthClient);
  let people = 0;

  const newPerson = () => auth.client.mustRegister({ username: `Person_${String((people += 1))}` });
  const remove = (person: Pick<Payload, 'accessToken'>, password: string | null = goodPassword) =>
    ask(auth.harness, operations.deleteAccount, { input: { password } }, { token: person.accessToken });
  const cancel = (person: Pick<Payload, 'accessToken'>) =>
    ask(auth.harness, operations.cancelAccountDeletion, {}, { token: person.accessToken });
  const carryOut = async () => (await auth.harness.auth.createContext({})).accountDeletion.carryOut();
  const exists = async ({ user }: Payload) => (await auth.harness.prisma.account.count({ where: { id: user.id } })) === 1;
  const announced = ({ user }: Payload) => auth.harness.events.filter(({ type, key }) => type === 'user.deleted' && key === user.id);

  describe('deleteAccount', () => {
    it('is refused to an anonymous caller', async () => {
      await expect(ask(auth.harness, operations.deleteAccount, { input: {} })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      await expect(ask(auth.harness, operations.cancelAccountDeletion)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    });

    it.each(['not the password', '', null])('SECURITY 51: asks for the password again: %j deletes nothing', async (password) => {
      const ada = await newPerson();
      await expect(remove(ada, password)).resolves.toMatchObject({ code: 'INVALID_CREDENTIALS' });
      await expect(ask(auth.harness, operations.me, {}, { token: ada.accessToken })).resolves.toMatchObject({ deletesAt: null });
    });

    it('asks a guest, who has no password, for a fresh sign-in', async () => {
      const device = { deviceId: 'the device of a guest', deviceSecret: 's'.repeat(40) };
      const guest = await ask(auth.harness, operations.loginWithDevice, { input: device });
      auth.harness.advance(10 * 60_000 + 1000);
      const refreshed = await auth.client.mustRefresh(text(guest.refreshToken));
      await expect(remove(refreshed, null)).resolves.toMatchObject({ code: 'INVALID_CREDENTIALS' });
      const again = await ask(auth.harness, operations.loginWithDevice, { input: device });
      await expect(remove({ accessToken: text(again.accessToken) }, null)).resolves.toMatchObject({ __typename: 'AccountDeletion' });
    });

    it('SECURITY 27: says when, and ends the other sessions at once', async () => {
      const ada = await newPerson();
      const other = await auth.client.mustLogin({ identifier: ada.user.username });
      const deletesAt = new Date(auth.harness.now() + coolOffMs).toISOString();
      await expect(remove(ada)).resolves.toMatchObject({ deletesAt });
      await expect(ask(auth.harness, operations.me, {}, { token: ada.accessToken })).resolves.toMatchObject({ deletesAt });
      await expect(ask(auth.harness, operations.me, {}, { token: other.accessToken })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      await expect(auth.client.refresh(other.refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    });

    it('is not put off by being repeated', async () => {
      const ada = await newPerson();
      const { deletesAt } = await remove(ada);
      auth.harness.advance(60_000);
      await expect(remove(ada)).resolves.toMatchObject({ deletesAt });
    });
  });

  describe('the cool-off', () => {
    it('lasts seven days to the millisecond, in which one can sign in and take it back', async () => {
      const ada = await newPerson();
      const eve = await newPerson();
      await remove(ada);
      await remove(eve);
      auth.harness.advance(coolOffMs - 1);
      await carryOut();
      await expect(exists(ada)).resolves.toBe(true);
      const back = await auth.client.mustLogin({ identifier: ada.user.username });
      await expect(cancel(back)).resolves.toMatchObject({ user: { id: ada.user.id, deletesAt: null } });
      auth.harness.advance(1);
      await carryOut();
      await expect(exists(ada)).resolves.toBe(true);
      await expect(exists(eve)).resolves.toBe(false);
      await expect(cancel(back)).resolves.toMatchObject({ user: { deletesAt: null } });
    });
  });

  describe('carrying it out', () => {
    async function removed(): Promise<Payload> {
      const ada = await newPerson();
      await remove(ada);
      auth.harness.advance(coolOffMs);
      return ada;
    }

    it('happens once, however many processes do it at once', async () => {
      const ada = await removed();
      const other = await startAuth(await auth.opened.again());
      other.advance(auth.harness.now() - other.now());
      const counts = await Promise.all([
        carryOut(),
        carryOut(),
        ...[1, 2].map(async () => (await other.auth.createContext({})).accountDeletion.carryOut()),
      ]);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1);
      await expect(exists(ada)).resolves.toBe(false);
      await other.close();
      await expect(auth.harness.prisma.auditEvent.count({ where: { action: 'ACCOUNT_DELETED' } })).resolves.toBeGreaterThan(0);
    });

    it('SECURITY 27: ends every session, and nobody signs in any more', async () => {
      const ada = await removed();
      const back = await auth.client.mustLogin({ identifier: ada.user.username });
      await carryOut();
      // That the access token stops as well is for sessions to do: tests/account-life.
      await expect(ask(auth.harness, operations.me, {}, { token: back.accessToken })).resolves.toBeNull();
      await expect(auth.client.refresh(back.refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
      await expect(auth.client.login({ identifier: ada.user.username })).resolves.toMatchObject({ code: 'INVALID_CREDENTIALS' });
    });

    it('SECURITY 51: announces the deletion after it is done, never before', async () => {
      const ada = await removed();
      expect(announced(ada)).toEqual([]);
      await carryOut();
      await auth.harness.untilPublished(() => announced(ada).length === 1);
      expect(announced(ada)).toMatchObject([{ payload: { userId: ada.user.id, legacyId: expect.any(Number) } }]);
      await expect(exists(ada)).resolves.toBe(false);
    });

    it('SECURITY 51: a rollback publishes nothing and erases nothing', async () => {
      const ada = await removed();
      const { prisma } = auth.harness;
      await prisma.$executeRawUnsafe(
        `CREATE FUNCTION auth.break_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken by a test'; END $$`,
      );
      await prisma.$executeRawUnsafe(
        `CREATE TRIGGER break_it BEFORE INSERT ON auth.outbox_event FOR EACH ROW WHEN (NEW.type = 'user.deleted') EXECUTE FUNCTION auth.break_it()`,
      );
      await expect(carryOut()).resolves.toBe(0);
      await expect(exists(ada)).resolves.toBe(true);
      await expect(prisma.auditEvent.count({ where: { accountId: ada.user.id } })).resolves.toBeGreaterThan(0);
      await expect(prisma.outboxEvent.count({ where: { type: 'user.deleted', key: ada.user.id } })).resolves.toBe(0);
      await prisma.$executeRawUnsafe(`DROP TRIGGER break_it ON auth.outbox_event`);
      await prisma.$executeRawUnsafe(`DROP FUNCTION auth.break_it()`);
      await expect(carryOut()).resolves.toBe(1);
      await auth.harness.untilPublished(() => announced(ada).length === 1);
    });

    it('SECURITY 51: a crash between commit and publication loses nothing', async () => {
      const own = await open();
      const dying = await startAuth(own.database, { publishesNothing: true });
      const ada = await createAuthClient(dying).mustRegister({ username: 'Ada' });
      await ask(dying, operations.deleteAccount, { input: { password: goodPassword } }, { token: ada.accessToken });
      dying.advance(coolOffMs);
      await expect((await dying.auth.createContext({})).accountDeletion.carryOut()).resolves.toBe(1);
      await dying.close();
      expect(dying.events).toEqual([]);

      const reborn = await startAuth(await own.again());
      const ofAda = () => reborn.events.filter(({ key }) => key === ada.user.id).map(({ type }) => type);
      await reborn.untilPublished(() => ofAda().includes('user.deleted'));
      expect(ofAda()).toEqual(['user.registered', 'session.started', 'user.deleted']);
      await reborn.close();
      await own.close();
    });

    it('holds the name for 30 days, without keeping it', async () => {
      const ada = await removed();
      await carryOut();
      await expect(auth.client.register({ username: ada.user.username.toUpperCase() })).resolves.toMatchObject({ code: 'USERNAME_TAKEN' });
      const holds = await auth.harness.prisma.usernameHold.findMany({ where: { accountId: null } });
      expect(JSON.stringify(holds)).not.toMatch(new RegExp(ada.user.username, 'i'));
      auth.harness.advance(usernameHoldMs);
      await expect(auth.client.mustRegister({ username: ada.user.username })).resolves.toHaveProperty('accessToken');
    });

    it('SECURITY 52: leaves in the log what happened and when, and to nobody', async () => {
      const ada = await removed();
      const { prisma } = auth.harness;
      const before = await prisma.auditEvent.findMany({ where: { accountId: ada.user.id }, orderBy: { id: 'asc' } });
      await carryOut();
      const after = await prisma.auditEvent.findMany({ where: { id: { in: before.map(({ id }) => id) } }, orderBy: { id: 'asc' } });
      expect(after.map(({ id, action, occurredAt }) => ({ id, action, occurredAt }))).toEqual(
        before.map(({ id, action, occurredAt }) => ({ id, action, occurredAt })),
      );
      const [pseudonym, ...others] = new Set(after.map(({ accountId }) => accountId));
      expect(others).toEqual([]);
      expect(pseudonym).not.toBe(ada.user.id);
      expect(after.every(({ sessionId, details }) => sessionId === null && JSON.stringify(details) === '{}')).toBe(true);
      await expect(
        prisma.auditEvent.findFirst({ where: { action: 'ACCOUNT_DELETED', accountId: pseudonym ?? '' } }),
      ).resolves.not.toBeNull();
    });
  });

  describe('exportAccount', () => {
    const exportOf = (token: string | undefined, password: string | null = goodPassword) =>
      ask(auth.harness, operations.exportAccount, { input: { password } }, { token });

    it('is refused to an anonymous caller, and without the password', async () => {
      await expect(exportOf(undefined)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      const ada = await newPerson();
      await expect(exportOf(ada.accessToken, 'not the password')).resolves.toMatchObject({ code: 'INVALID_CREDENTIALS' });
      await expect(exportOf(ada.accessToken, null)).resolves.toMatchObject({ code: 'INVALID_CREDENTIALS' });
    });

    it('SECURITY 51: tells everything about the account, and no secret', async () => {
      const ada = await auth.client.mustRegister({
        username: `Person_${String((people += 1))}`,
        email: 'ada@example.org',
        device: 'Telescope',
      });
      const answer = await exportOf(ada.accessToken);
      expect(answer).toMatchObject({
        __typename: 'AccountExport',
        userId: ada.user.id,
        account: {
          username: ada.user.username,
          email: 'ada@example.org',
          roles: ['USER'],
          guest: false,
          credentials: [{ kind: 'password' }],
          signIns: [{ sessionId: ada.session.id, device: 'Telescope', amr: ['pwd'], endedAt: null }],
        },
      });
      const credential = await auth.harness.prisma.credential.findFirstOrThrow({ where: { accountId: ada.user.id } });
      const tokens = await auth.harness.prisma.refreshToken.findMany({ where: { familyId: ada.session.id } });
      for (const secret of [credential.secret, ...tokens.map(({ hash }) => hash)]) expect(JSON.stringify(answer)).not.toContain(secret);
      expect(JSON.stringify(answer.account?.auditLog)).toContain('ACCOUNT_EXPORTED');
    });
  });
});
