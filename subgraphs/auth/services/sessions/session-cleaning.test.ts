import { afterAll, describe, expect, it } from '@jest/globals';
import { testDatabases } from '../../../../tests/testkit/databases.js';
import { createMfaRepository } from '../../data/mfa-repository.js';
import { createPasskeyRepository } from '../../data/passkey-repository.js';
import { createRefreshFamilyRepository } from '../../data/refresh-family-repository.js';
import { logger, startAuth } from '../../tests/auth-harness.js';
import { createSecondFactorClient } from '../../tests/second-factor-client.js';
import { createSessionCleaning } from './session-cleaning.js';

const minute = 60_000;
const databases = await testDatabases();

afterAll(async () => {
  for (const each of databases) await each.stop();
});

describe.each(databases)('cleaning on $name', ({ open }) => {
  it('leaves what is still good, and forgets challenges and ceremonies that are over', async () => {
    const opened = await open();
    const harness = await startAuth(opened.database);
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
    await harness.close();
    await opened.close();
  });
});
