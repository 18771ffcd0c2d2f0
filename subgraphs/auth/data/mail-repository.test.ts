import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { testDatabases, type OpenedDatabase } from '../../../tests/testkit/services/databases.js';
import { startAuth, type AuthHarness } from '../tests/auth-harness.js';
import { createMailRepository } from './mail-repository.js';
import { createAuthPrisma } from './prisma.js';

const databases = await testDatabases();
/** Beyond the harness' own sender, whose clock stands at today. */
const start = Date.parse('2126-01-01T00:00:00.000Z');
const at = (ms: number) => new Date(start + ms);

describe.each(databases)('mails that wait on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let harness: AuthHarness;

  beforeAll(async () => {
    opened = await open();
    harness = await startAuth(opened.database);
  });

  afterAll(async () => {
    await harness.close();
    await opened.close();
  });

  afterEach(async () => {
    await harness.prisma.mail.deleteMany({});
  });

  const write = (count: number) =>
    harness.prisma.mail.createMany({
      data: Array.from({ length: count }, (_, index) => ({ id: uuidv7(), content: 'sealed', createdAt: at(index), dueAt: at(index) })),
    });

  it('are claimed by one of two processes each, and by the other when the lease is over', async () => {
    await write(40);
    const other = createAuthPrisma(await opened.again());
    const mine = createMailRepository(harness.prisma);
    const others = createMailRepository(other);
    const claim = { now: at(1_000), leaseEnd: at(60_000), limit: 5 };
    const claimed = (await Promise.all(Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? mine : others).claim(claim)))).flat();
    expect(new Set(claimed.map(({ id }) => id)).size).toBe(claimed.length);
    const rest = await mine.claim({ ...claim, limit: 100 });
    expect(claimed.length + rest.length).toBe(40);
    await expect(others.claim({ ...claim, now: at(59_999), leaseEnd: at(120_000) })).resolves.toEqual([]);
    const again = await others.claim({ now: at(60_000), leaseEnd: at(120_000), limit: 100 });
    expect(again.map(({ attempts }) => attempts)).toEqual(Array.from({ length: 40 }, () => 2));
    await other.$disconnect();
  });

  it('come with what they say, the oldest first, and are gone once removed', async () => {
    await write(3);
    const mails = createMailRepository(harness.prisma);
    const [first] = await mails.claim({ now: at(10), leaseEnd: at(60_000), limit: 1 });
    expect(first).toEqual({ id: first?.id, content: 'sealed', createdAt: at(0), attempts: 1 });
    await mails.remove(String(first?.id));
    await mails.remove(String(first?.id));
    expect(await harness.prisma.mail.count()).toBe(2);
  });

  it('are counted, with the age of the oldest', async () => {
    const mails = createMailRepository(harness.prisma);
    expect(await mails.backlog(at(10))).toEqual({ mails: 0, oldestMs: 0 });
    await write(3);
    expect(await mails.backlog(at(10))).toEqual({ mails: 3, oldestMs: 10 });
  });

  it('are postponed by whoever claimed them last alone', async () => {
    await write(1);
    const mails = createMailRepository(harness.prisma);
    const [slow] = await mails.claim({ now: at(0), leaseEnd: at(100), limit: 1 });
    const [fast] = await mails.claim({ now: at(100), leaseEnd: at(200), limit: 1 });
    if (slow === undefined || fast === undefined) throw new Error('nothing was claimed');
    await mails.postpone(slow, at(0));
    await expect(mails.claim({ now: at(199), leaseEnd: at(300), limit: 1 })).resolves.toEqual([]);
    await mails.postpone(fast, at(150));
    await expect(mails.claim({ now: at(149), leaseEnd: at(300), limit: 1 })).resolves.toEqual([]);
    await expect(mails.claim({ now: at(150), leaseEnd: at(300), limit: 1 })).resolves.toHaveLength(1);
  });
});
