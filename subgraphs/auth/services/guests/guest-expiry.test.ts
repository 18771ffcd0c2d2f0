import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { testDatabases } from '../../../../tests/testkit/services/databases.js';
import { text } from '../../../../tests/testkit/product/graphql-client.js';
import { createAccountDeletionRepository } from '../../data/account-deletion-repository.js';
import { createRefreshFamilyRepository } from '../../data/refresh-family-repository.js';
import { ask, operations } from '../../tests/ask.js';
import { createAuthClient, goodPassword } from '../../tests/auth-client.js';
import { encryptionKey, logger } from '../../tests/auth-harness.js';
import { useAuth } from '../../tests/use-auth.js';
import { createAccountEraser } from '../account-deletion/account-eraser.js';
import { deriveKey } from '../keys/derive-key.js';
import { sessionLifetime } from '../sessions/session-lifetime.js';
import { createUsernameHolds } from '../usernames/username-holds.js';
import { createGuestExpiry } from './guest-expiry.js';

const day = 24 * 60 * 60_000;
const databases = await testDatabases();

describe('looking for guests who stay away', () => {
  function start(retentionDays: number, found: number) {
    let time = 0;
    let looks = 0;
    const expiry = createGuestExpiry({
      deletions: {
        findUnseenGuests(_at, _ground, limit) {
          looks += 1;
          const guest = { id: 'guest', legacyId: 1, username: 'Guest', email: null };
          return Promise.resolve(Array.from({ length: Math.min(found, limit) }, () => guest));
        },
      },
      eraser: { eraseAll: (accounts) => Promise.resolve(accounts.length) },
      retentionDays,
      now: () => time,
    });
    return { expiry, looks: () => looks, advance: (ms: number) => (time += ms) };
  }

  it('never happens when they are kept for ever', async () => {
    const { expiry, looks } = start(0, 5);
    expect([await expiry.carryOut(), looks()]).toEqual([0, 0]);
  });

  it('happens once an hour, or at once again when there were too many for one time', async () => {
    const few = start(30, 99);
    expect([await few.expiry.carryOut(), await few.expiry.carryOut()]).toEqual([99, 0]);
    few.advance(60 * 60_000 - 1);
    expect(await few.expiry.carryOut()).toBe(0);
    few.advance(1);
    expect([await few.expiry.carryOut(), few.looks()]).toEqual([99, 2]);
    const many = start(30, 100);
    expect([await many.expiry.carryOut(), await many.expiry.carryOut()]).toEqual([100, 100]);
  });
});

describe.each(databases)('guests who stay away, on $name', ({ open }) => {
  const auth = useAuth(open, createAuthClient);

  const newDevice = () => ({ deviceId: randomUUID(), deviceSecret: `${randomUUID()}${randomUUID()}` });
  async function play(device = newDevice()) {
    const { user, session, accessToken, refreshToken } = await ask(auth.harness, operations.loginWithDevice, { input: device });
    return {
      device,
      id: text(user?.id),
      sessionId: text(session?.id),
      username: text(user?.username),
      accessToken: text(accessToken),
      refreshToken: text(refreshToken),
    };
  }
  const leave = (token: string) => ask(auth.harness, 'mutation { logout { __typename } }', {}, { token });
  const exists = async (id: string) => (await auth.harness.prisma.account.count({ where: { id } })) === 1;

  /** What one process of the subgraph does when its hour has come. */
  function expire(retentionDays = 30): Promise<number> {
    const deletions = createAccountDeletionRepository(auth.harness.prisma);
    const eraser = createAccountEraser({
      deletions,
      holds: createUsernameHolds(deriveKey(encryptionKey, 'username holds')),
      mailer: { rows: () => Promise.resolve([]), wake: () => undefined },
      wakeOutbox: () => undefined,
      logger,
      now: () => auth.harness.now(),
    });
    return createGuestExpiry({ deletions, eraser, retentionDays, now: () => auth.harness.now() }).carryOut();
  }

  it('are kept to the last millisecond, and as long as a session of theirs can be refreshed', async () => {
    const [gone, refreshing] = [await play(), await play()];
    await leave(gone.accessToken);
    auth.harness.advance(2 * day - 1);
    await expect(expire(2)).resolves.toBe(0);
    auth.harness.advance(1);
    await expect(expire(2)).resolves.toBe(1);
    await expect(exists(gone.id)).resolves.toBe(false);
    await expect(exists(refreshing.id)).resolves.toBe(true);
    auth.harness.advance(sessionLifetime.idleMs - 2 * day - 1);
    await expect(expire(2)).resolves.toBe(0);
    await expect(auth.client.refresh(refreshing.refreshToken)).resolves.toMatchObject({ __typename: 'AuthPayload' });
    auth.harness.advance(sessionLifetime.idleMs - 1);
    await expect(expire(2)).resolves.toBe(0);
    auth.harness.advance(1);
    await expect(expire(2)).resolves.toBe(1);
    await expect(exists(refreshing.id)).resolves.toBe(false);
  });

  it('are kept when they have become full accounts, as are people with a password, who stay away as long', async () => {
    const guest = await play();
    const input = { username: `Linked_${guest.id.slice(-8)}`, password: goodPassword };
    await ask(auth.harness, operations.linkCredentials, { input }, { token: guest.accessToken });
    const ada = await auth.client.mustRegister({ username: 'Ada' });
    auth.harness.advance(400 * day);
    await expect(expire(1)).resolves.toBe(0);
    await expect(Promise.all([exists(guest.id), exists(ada.user.id)])).resolves.toEqual([true, true]);
  });

  it('are kept while they are disabled: they would begin anew on the same device', async () => {
    const guest = await play();
    await auth.harness.prisma.account.update({ where: { id: guest.id }, data: { disabledAt: new Date(auth.harness.now()) } });
    auth.harness.advance(100 * day);
    await expect(expire()).resolves.toBe(0);
    await auth.harness.prisma.account.update({ where: { id: guest.id }, data: { disabledAt: null } });
    await expect(expire()).resolves.toBe(1);
  });

  it('are seen as long as their last session was used, also after it is forgotten', async () => {
    const guest = await play();
    const older = await play(guest.device);
    let refreshToken = guest.refreshToken;
    for (let days = 0; days < 88; days += 22) {
      auth.harness.advance(22 * day);
      refreshToken = (await auth.client.mustRefresh(refreshToken)).refreshToken;
    }
    // Past the absolute end of both.
    auth.harness.advance(3 * day);
    const families = createRefreshFamilyRepository(auth.harness.prisma);
    await families.removeStale({ endedBefore: new Date(auth.harness.now()), usedBefore: new Date(auth.harness.now()) });
    const kept = await auth.harness.prisma.refreshFamily.findMany({ where: { accountId: guest.id }, select: { id: true } });
    expect(kept).toEqual([{ id: guest.sessionId }]);
    expect(kept).not.toContainEqual({ id: older.sessionId });
    await expect(auth.client.refresh(refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    auth.harness.advance(27 * day - 1);
    await expect(expire()).resolves.toBe(0);
    auth.harness.advance(1);
    await expect(expire()).resolves.toBe(1);
  });

  it('win when they come back at the moment in which they are to be erased', async () => {
    const guest = await play();
    auth.harness.advance(100 * day);
    const deletions = createAccountDeletionRepository(auth.harness.prisma);
    const since = new Date(auth.harness.now() - 30 * day);
    const ground = { kind: 'guest-unseen', since, idleSince: since } as const;
    const unseen = await deletions.findUnseenGuests(new Date(auth.harness.now()), ground, 10);
    expect(unseen.map(({ id }) => id)).toEqual([guest.id]);
    const back = await play(guest.device);
    const eraser = createAccountEraser({
      deletions,
      holds: { hashOf: () => 'never kept' },
      mailer: { rows: () => Promise.resolve([]), wake: () => undefined },
      wakeOutbox: () => undefined,
      logger,
      now: () => auth.harness.now(),
    });
    await expect(eraser.eraseAll(unseen, ground)).resolves.toBe(0);
    await expect(ask(auth.harness, operations.me, {}, { token: back.accessToken })).resolves.toMatchObject({ id: guest.id });
    await leave(back.accessToken);
  });

  it('SECURITY 51: are erased like whoever asks for it, once, whoever does it, and announced', async () => {
    auth.harness.advance(100 * day);
    await expire();
    const guest = await play();
    auth.harness.advance(100 * day);
    const counts = await Promise.all([expire(), expire(), expire()]);
    expect(counts.sort()).toEqual([0, 0, 1]);
    const { prisma } = auth.harness;
    const announced = () => auth.harness.events.filter(({ type, key }) => type === 'user.deleted' && key === guest.id);
    await auth.harness.untilPublished(() => announced().length > 0);
    expect(announced()).toMatchObject([{ payload: { userId: guest.id } }]);
    await expect(prisma.auditEvent.count({ where: { accountId: guest.id } })).resolves.toBe(0);
    await expect(prisma.auditEvent.findFirst({ where: { action: 'ACCOUNT_DELETED' }, orderBy: { id: 'desc' } })).resolves.toMatchObject({
      details: { ground: 'guest-unseen' },
    });
    await expect(auth.client.register({ username: guest.username })).resolves.toMatchObject({ code: 'USERNAME_TAKEN' });
    const again = await play(guest.device);
    expect(again.id).not.toBe(guest.id);
  });
});
