import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { testDatabases, type OpenedDatabase } from '../../../../tests/testkit/services/databases.js';
import { createKnownDeviceRepository, knownDeviceLimits } from '../../data/known-device-repository.js';
import { createMfaRepository } from '../../data/mfa-repository.js';
import { createPasskeyRepository } from '../../data/passkey-repository.js';
import { createAuthPrisma } from '../../data/prisma.js';
import { createRefreshFamilyRepository } from '../../data/refresh-family-repository.js';
import { createUsernameRepository } from '../../data/username-repository.js';
import { createAuthClient } from '../../tests/auth-client.js';
import { logger, startAuth, type AuthHarness } from '../../tests/auth-harness.js';
import { createSecondFactorClient } from '../../tests/second-factor-client.js';
import { createSessionCleaning } from './session-cleaning.js';

const minute = 60_000;
const databases = await testDatabases();

describe('cleaning', () => {
  it('goes on with the next table when one cannot be cleaned', async () => {
    const cleaned: string[] = [];
    const table = (name: string, isThere = true) => ({
      removeStale: () => (isThere ? Promise.resolve(void cleaned.push(name)) : Promise.reject(new Error('away'))),
    });
    const cleaning = createSessionCleaning({ families: table('families', false), expiring: [table('a', false), table('b')], logger });
    await cleaning.close();
    await cleaning.run();
    expect(cleaned).toEqual(['b']);
  });
});

describe.each(databases)('cleaning on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let harness: AuthHarness;
  beforeEach(async () => {
    opened = await open();
    harness = await startAuth(opened.database);
  });
  afterEach(async () => {
    await harness.close();
    await opened.close();
  });

  it('forgets a device that was not used for 180 days, and one that was used a millisecond later not', async () => {
    const client = createAuthClient(harness);
    const { user } = await client.mustRegister({ username: 'ada' }, { userAgent: 'Old' });
    const { accountId, hash } = await harness.prisma.knownDevice.findFirstOrThrow();
    const at = new Date(harness.now() - knownDeviceLimits.unusedMs);
    await harness.prisma.knownDevice.updateMany({ where: { accountId, hash }, data: { lastAt: at } });
    await harness.prisma.knownDevice.createMany({ data: [{ accountId, hash: 'older', firstAt: at, lastAt: new Date(at.getTime() - 1) }] });
    await createKnownDeviceRepository(harness.prisma).removeStale(new Date(harness.now()));
    await expect(harness.prisma.knownDevice.findMany({ select: { accountId: true, hash: true } })).resolves.toEqual([
      { accountId: user.id, hash },
    ]);
    await client.mustLogin({ identifier: 'ada' }, { userAgent: 'Old' });
    await createKnownDeviceRepository(harness.prisma).removeStale(new Date(harness.now() + knownDeviceLimits.unusedMs));
    await expect(harness.prisma.knownDevice.count()).resolves.toBe(1);
  });

  it('keeps the fifty devices of an account that were used last, and all of whoever has fifty', async () => {
    const client = createAuthClient(harness);
    const [ada, eve] = [await client.mustRegister({ username: 'ada' }), await client.mustRegister({ username: 'eve' })];
    await harness.prisma.knownDevice.deleteMany();
    const most = knownDeviceLimits.mostPerAccount;
    const devices = (accountId: string, count: number) =>
      Array.from({ length: count }, (_, index) => {
        const lastAt = new Date(harness.now() - index);
        return { accountId, hash: String(index).padStart(3, '0'), firstAt: lastAt, lastAt };
      });
    await harness.prisma.knownDevice.createMany({ data: [...devices(ada.user.id, most + 3), ...devices(eve.user.id, most)] });
    await createKnownDeviceRepository(harness.prisma).removeStale(new Date(harness.now()));
    const left = await harness.prisma.knownDevice.findMany({ where: { accountId: ada.user.id }, orderBy: { hash: 'asc' } });
    expect(left.map(({ hash }) => hash)).toEqual(devices(ada.user.id, most).map(({ hash }) => hash));
    await expect(harness.prisma.knownDevice.count({ where: { accountId: eve.user.id } })).resolves.toBe(most);
  });

  it('removes thousands of rows in batches, from several nodes at once, and none that is not over', async () => {
    const other = createAuthPrisma(await opened.again());
    const at = new Date(harness.now());
    const holds = Array.from({ length: 4_500 }, (_, index) => ({
      nameHash: String(index),
      heldUntil: new Date(at.getTime() + (index < 4_400 ? -1 : 0)),
    }));
    await harness.prisma.usernameHold.createMany({ data: holds });
    const nodes = [harness.prisma, other].map((prisma) => createUsernameRepository(prisma));
    await Promise.all(nodes.map((node) => node.removeEndedHolds(at)));
    await expect(harness.prisma.usernameHold.count()).resolves.toBe(100);
    await other.$disconnect();
  });

  it('leaves what is still good, and forgets challenges and ceremonies that are over', async () => {
    const { prisma, now } = { prisma: harness.prisma, now: () => harness.now() };
    const client = createSecondFactorClient(harness);
    const cleaning = createSessionCleaning({
      families: createRefreshFamilyRepository(prisma),
      expiring: [createMfaRepository(prisma), createPasskeyRepository(prisma)],
      logger,
      now,
    });
    const counts = async () => [
      await prisma.mfaChallenge.count(),
      await prisma.passkeyCeremony.count(),
      await prisma.refreshFamily.count(),
    ];

    const { person } = await client.enroll({ username: 'ada' });
    await client.challenge(person.user.username);
    await client.send('beginPasskeyLogin', {});
    harness.advance(5 * minute);
    await cleaning.run();
    expect(await counts()).toEqual([1, 1, 1]);
    harness.advance(1);
    await cleaning.run();
    expect(await counts()).toEqual([0, 0, 1]);
    await cleaning.close();
  });
});
