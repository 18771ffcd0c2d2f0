import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import { markErased } from '../../../../shared/users/erased-users.js';
import { testDatabases } from '../../../../tests/testkit/services/databases.js';
import { list, text } from '../../../../tests/testkit/product/graphql-client.js';
import { ask, operations } from '../../tests/ask.js';
import { createAuthClient, type Payload } from '../../tests/auth-client.js';
import { useAuth } from '../../tests/use-auth.js';

const databases = await testDatabases();

describe.each(databases)('the audit log on $name', ({ open }) => {
  const auth = useAuth(open, createAuthClient);
  let ada: Payload;
  let eve: Payload;
  beforeAll(async () => {
    ada = await auth.client.mustRegister({ username: 'Ada' });
    eve = await auth.client.mustRegister({ username: 'Eve' });
  }, 120_000);

  const read = (token: string | undefined, variables = {}) => ask(auth.harness, operations.auditLog, variables, { token });

  it('refuses an anonymous caller, and to everyone without a role the events of others', async () => {
    await expect(read(undefined)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(read(eve.accessToken, { userId: ada.user.id })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(read(eve.accessToken, { userId: 'nonsense' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it.each([0, -1, 101])('refuses pages of %d', async (first) => {
    await expect(read(ada.accessToken, { first })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it('refuses a cursor that is none', async () => {
    await expect(read(ada.accessToken, { after: 'x' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it.each(['UPDATE auth.audit_event SET action = action', 'DELETE FROM auth.audit_event', 'TRUNCATE auth.audit_event'])(
    'SECURITY 52: is append-only: the database itself refuses %s',
    async (statement) => {
      const before = await auth.harness.prisma.auditEvent.count();
      await expect(auth.harness.prisma.$executeRawUnsafe(statement)).rejects.toThrow(/append-only/);
      await expect(auth.harness.prisma.auditEvent.count()).resolves.toBe(before);
    },
  );

  it('SECURITY 52: is append-only even for an erasure: nobody else, and neither action nor time', async () => {
    const erasing = (statement: string) =>
      auth.harness.prisma.$transaction([
        auth.harness.prisma.$executeRaw`SELECT set_config('galaxia.erased_account', ${eve.user.id}, true)`,
        auth.harness.prisma.$executeRawUnsafe(statement),
      ]);
    const ofAda = `account_id = '${ada.user.id}'`;
    await expect(erasing(`UPDATE auth.audit_event SET details = '{}' WHERE ${ofAda}`)).rejects.toThrow(/append-only/);
    const ofEve = `account_id = '${eve.user.id}'`;
    await expect(erasing(`UPDATE auth.audit_event SET action = 'NOTHING' WHERE ${ofEve}`)).rejects.toThrow(/append-only/);
    await expect(erasing(`UPDATE auth.audit_event SET occurred_at = now() WHERE ${ofEve}`)).rejects.toThrow(/append-only/);
    await expect(erasing(`DELETE FROM auth.audit_event WHERE ${ofEve}`)).rejects.toThrow(/append-only/);
  });

  it('SECURITY 52: tells who did what, when, and in which session', async () => {
    const session = await auth.client.mustLogin({ identifier: 'Ada' });
    await auth.client.login({ identifier: 'Ada', password: 'not the password' });
    await auth.client.logout(null, { token: session.accessToken });
    const { nodes } = await read(ada.accessToken);
    const who = { user: { id: ada.user.id }, actor: { id: ada.user.id }, sessionId: session.session.id };
    const nobody = { user: { id: ada.user.id }, actor: null, sessionId: null };
    expect(nodes).toEqual([
      expect.objectContaining({ action: 'LOGGED_OUT', ...who }),
      expect.objectContaining({ action: 'LOGIN_FAILED', ...nobody }),
      expect.objectContaining({ action: 'LOGIN_SUCCEEDED', ...who }),
      expect.objectContaining({ action: 'REGISTERED', sessionId: ada.session.id }),
    ]);
  });

  it('pages through everything once, the newest first', async () => {
    const seen: unknown[] = [];
    let after: unknown = null;
    for (;;) {
      const page = await read(ada.accessToken, { first: 1, after });
      seen.push(...list(page.nodes).map(({ id }) => text(id)));
      if ((page.pageInfo?.hasNextPage as unknown) !== true) break;
      after = page.pageInfo?.endCursor;
    }
    const all = await read(ada.accessToken, { first: 100 });
    expect(seen).toEqual(list(all.nodes).map(({ id }) => id));
    expect(seen).toHaveLength(4);
  });

  it('shows moderators everybody, by their role in the database, not in their token', async () => {
    await auth.harness.prisma.account.update({ where: { id: eve.user.id }, data: { roles: ['USER', 'MODERATOR'] } });
    await expect(read(eve.accessToken, { userId: ada.user.id })).resolves.toHaveProperty('nodes.0.action');
    await expect(read(eve.accessToken, { userId: 'nonsense' })).resolves.toHaveProperty('nodes', []);
    await auth.harness.prisma.account.update({ where: { id: eve.user.id }, data: { roles: ['USER'] } });
    await expect(read(eve.accessToken, { userId: ada.user.id })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('tells once that somebody in charge has deleted an image, however often it is announced', async () => {
    const announced = imageRemoved(ada.user.id, eve.user.id);
    for (let delivery = 0; delivery < 3; delivery += 1) await auth.harness.publish(announced);
    const { nodes } = await read(ada.accessToken);
    const { imageId, sessionId } = announced.payload;
    expect(list(nodes).filter(({ action }) => text(action) === 'IMAGE_REMOVED')).toEqual([
      expect.objectContaining({
        user: { id: ada.user.id },
        actor: { id: eve.user.id },
        sessionId,
        occurredAt: announced.occurredAt,
        details: { imageId, purpose: 'GALLERY' },
      }),
    ]);
  });

  it('names nobody in an announcement that comes after their erasure', async () => {
    const [erased, sessionId] = [randomUUID(), randomUUID()];
    await auth.harness.prisma.$transaction((tx) => markErased(tx, 'auth', erased));
    await auth.harness.publish(imageRemoved(erased, eve.user.id, sessionId));
    await auth.harness.publish(imageRemoved(eve.user.id, erased));
    const rows = await auth.harness.prisma.auditEvent.findMany({ where: { action: 'IMAGE_REMOVED' }, orderBy: { id: 'asc' } });
    expect(rows.slice(-2)).toEqual([
      expect.objectContaining({ accountId: null, actorId: eve.user.id, sessionId }),
      expect.objectContaining({ accountId: eve.user.id, actorId: null, sessionId: null }),
    ]);
  });
});

function imageRemoved(ownerId: string, actorId: string, sessionId: string = randomUUID()) {
  const payload = { imageId: randomUUID(), ownerId, purpose: 'GALLERY' as const, actorId, sessionId };
  return createDomainEvent('image.removed', { key: ownerId, payload });
}
