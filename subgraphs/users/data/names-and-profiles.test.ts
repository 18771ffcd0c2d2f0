import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createDomainEvent } from '../../../shared/events/domain-events.js';
import { until } from '../../../shared/events/event-bus.conformance.js';
import { createOutboxRelay, toOutboxRow } from '../../../shared/events/outbox.js';
import { createLogger } from '../../../shared/logging/logger.js';
import { testDatabases, type OpenedDatabase } from '../../../tests/testkit/databases.js';
import { createProfileRepository, type ProfileRepository } from './profile-repository.js';
import { createUsersPrisma, usersSchema, type UsersPrisma } from './prisma.js';
import { createKnownUserRepository, type KnownUserRepository } from './known-user-repository.js';
import { createSearchNameRepository, type SearchNameRepository } from './search-name-repository.js';

const databases = await testDatabases();
const registration = ({ userId = uuidv7(), username }: { userId?: string; username: string }) => ({
  eventId: uuidv7(),
  occurredAt: '2026-01-31T12:00:00.000Z',
  userId,
  username,
  legacyId: undefined,
});

describe.each(databases)('The repositories on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let prisma: UsersPrisma;
  let profiles: ProfileRepository;
  let names: SearchNameRepository;
  let users: KnownUserRepository;

  beforeAll(async () => {
    opened = await open();
    prisma = createUsersPrisma(opened.database);
    profiles = createProfileRepository(prisma);
    names = createSearchNameRepository(prisma);
    users = createKnownUserRepository(prisma, { announcesUserEvents: false });
  });
  afterAll(async () => {
    await prisma.$disconnect();
    await opened.close();
  });
  beforeEach(
    () =>
      prisma.$executeRaw`TRUNCATE users.block, users.profile, users.search_name, users.known_user, users.inbox_event, users.outbox_event`,
  );

  async function register(username: string): Promise<string> {
    const userId = uuidv7();
    await users.register(registration({ userId, username }));
    return userId;
  }

  const rename = (userId: string, displayName: string | null, username = 'from_the_token') =>
    profiles.update({ userId, username, change: { displayName }, at: new Date(0) });

  async function find(prefix: string, limit = 100): Promise<string[]> {
    return (await names.findByPrefix(prefix, { viewerId: null, limit, after: null })).map(({ name }) => name);
  }

  it('finds nobody by the middle of a name, nor by a wildcard', async () => {
    await register('ada');
    expect(await find('da')).toEqual([]);
    for (const wildcard of ['%', '_da', 'a%', 'a\\', '*']) expect(await find(wildcard)).toEqual([]);
  });

  it('finds wildcards as the characters that they are', async () => {
    await rename(await register('ada'), '100% _Ada\\');
    for (const query of ['100%', '100% _', '100% _ada\\']) expect(await find(query)).toEqual(['100% _ada\\']);
  });

  it('finds by the beginning of a username or display name, without regard to case', async () => {
    await rename(await register('Lovelace'), 'Émilie');
    for (const query of ['l', 'LOVE', 'lovelace', 'é', 'ÉMI', 'E\u0301milie']) expect(await find(query)).toHaveLength(1);
    expect(await find('lovelacex')).toEqual([]);
  });

  it('finds an exact match first, then by name', async () => {
    for (const username of ['adam', 'ada_b', 'ada', 'Adalbert', 'bob']) await register(username);
    expect(await find('ADA')).toEqual(['ada', 'ada_b', 'adalbert', 'adam']);
  });

  it('finds a user of whom both names match once, by the first of the two', async () => {
    const userId = await register('ada_lovelace');
    await rename(userId, 'Ada');
    expect(await names.findByPrefix('ada', { viewerId: null, limit: 10, after: null })).toEqual([{ name: 'ada', userId }]);
    expect(await find('ada_')).toEqual(['ada_lovelace']);
    await rename(userId, 'ADA_LOVELACE');
    expect(await find('ada')).toEqual(['ada_lovelace']);
    await rename(userId, 'ada_z');
    expect(await find('ada')).toEqual(['ada_lovelace']);
  });

  it('no longer finds a user by a display name that was given up', async () => {
    const userId = await register('ada');
    await rename(userId, 'Countess');
    await rename(userId, 'Enchantress');
    expect(await find('count')).toEqual([]);
    expect(await find('ench')).toEqual(['enchantress']);
    await rename(userId, null);
    expect(await find('ench')).toEqual([]);
    expect(await find('ada')).toEqual(['ada']);
  });

  it('finds people of the same display name, each once', async () => {
    const ids = [await register('one'), await register('two'), await register('three')];
    for (const id of ids) await rename(id, 'Alex');
    const found = await names.findByPrefix('alex', { viewerId: null, limit: 10, after: null });
    expect(found.map(({ userId }) => userId).sort()).toEqual([...ids].sort());
  });

  it('pages without a gap or a repetition while others register', async () => {
    for (let n = 10; n < 30; n += 1) await register(`user${String(n)}`);
    const seen: string[] = [];
    for (let after: { name: string; userId: string } | null = null; ;) {
      const page: Awaited<ReturnType<typeof names.findByPrefix>> = await names.findByPrefix('user', { viewerId: null, limit: 7, after });
      seen.push(...page.map(({ name }) => name));
      const last = page.at(-1);
      if (last === undefined) break;
      after = last;
      await register(`user0${String(seen.length)}`);
    }
    expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => `user${String(n + 10)}`));
  });

  it('finds nobody whom the viewer has blocked, nor who has blocked the viewer, and fills the page with others', async () => {
    const [viewerId, blocked, blocker, other, last] = [
      await register('viewer'),
      await register('user_1'),
      await register('user_2'),
      await register('user_3'),
      await register('user_4'),
    ];
    await prisma.block.createMany({
      data: [
        { blockerId: viewerId, blockedId: blocked, createdAt: new Date(0) },
        { blockerId: blocker, blockedId: viewerId, createdAt: new Date(0) },
        { blockerId: other, blockedId: blocked, createdAt: new Date(0) },
      ],
    });
    const found = async (id: string | null) =>
      (await names.findByPrefix('user', { viewerId: id, limit: 2, after: null })).map(({ userId }) => userId);
    expect(await found(viewerId)).toEqual([other, last]);
    expect(await found(null)).toEqual([blocked, blocker]);
    expect(await found(blocked)).toEqual([blocked, blocker]);
  });

  it('stores what is given and leaves the rest', async () => {
    const userId = uuidv7();
    expect(await profiles.findByUserIds([userId])).toEqual([]);
    await profiles.update({ userId, username: 'ada', change: { bio: 'Numbers', locale: 'en', timeZone: 'UTC' }, at: new Date(0) });
    await profiles.update({ userId, username: 'ada', change: { displayName: 'Ada', visibility: 'FRIENDS' }, at: new Date(1) });
    await profiles.update({ userId, username: 'ada', change: { locale: null }, at: new Date(2) });
    expect(await profiles.findByUserIds([userId, uuidv7()])).toEqual([
      { userId, displayName: 'Ada', bio: 'Numbers', locale: null, timeZone: 'UTC', visibility: 'FRIENDS' },
    ]);
  });

  it.each([
    // A few pages: the rows of "name…" before it were not read.
    ['nobody', null, 15],
    // And for each of the 20 rows two looks into the primary key of the blocks.
    ['somebody', uuidv7(), 15 + 20 * 2 * 2],
  ])('finds a prefix by the index, in its order, wherever it stands among many names, for %s', async (_who, viewerId, mostPages) => {
    await prisma.$executeRaw`
      INSERT INTO users.search_name (name, user_id, kind)
      SELECT unnest(ARRAY['name', 'user']) || n, gen_random_uuid(), 'USERNAME' FROM generate_series(1, 5000) AS n`;
    await prisma.$executeRaw`ANALYZE users.search_name`;
    const plan: { 'QUERY PLAN': string }[] = [];
    // The repository's own statement, explained.
    const explaining = Object.create(prisma, {
      $queryRaw: {
        value: async (parts: readonly string[], ...values: unknown[]) => {
          const sql = parts.reduce((before, part, index) => `${before}$${index}${part}`);
          plan.push(...(await prisma.$queryRawUnsafe<typeof plan>(`EXPLAIN (ANALYZE, BUFFERS) ${sql}`, ...values)));
          return [];
        },
      },
    }) as UsersPrisma;
    await createSearchNameRepository(explaining).findByPrefix('user', { viewerId, limit: 20, after: null });
    const text = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect(text).toContain('using search_name_pkey');
    expect(text).not.toContain('Sort');
    expect(Number(/shared hit=(\d+)/.exec(text)?.[1])).toBeLessThan(mostPages);
  });

  it('begins with the prefix when the cursor stands before it, and ends when it stands behind', async () => {
    const userId = await register('mona');
    await register('zoe');
    const at = (name: string) =>
      names.findByPrefix('m', { viewerId: null, limit: 10, after: { name, userId: 'ffffffff-ffff-ffff-ffff-ffffffffffff' } });
    expect(await at('a')).toEqual([{ name: 'mona', userId }]);
    expect(await at('z')).toEqual([]);
  });

  it('carries the outbox through the same Prisma client, with rows as they were written', async () => {
    const userId = uuidv7();
    const event = createDomainEvent('user.registered', {
      key: userId,
      payload: { userId, username: 'ada', createdAt: '2026-01-31T12:00:00.000Z' },
      now: () => Date.UTC(2026, 0, 31, 12, 0, 0, 123),
    });
    await prisma.$transaction(async (tx) => {
      await tx.outboxEvent.createMany({ data: [event].map(toOutboxRow) });
    });
    const published: unknown[] = [];
    const relay = createOutboxRelay({
      database: prisma,
      schema: usersSchema,
      bus: {
        publish: (events) => {
          published.push(...events);
          return Promise.resolve();
        },
      },
      logger: createLogger({ name: 'test', level: 'silent' }),
      pollMs: 5,
    });
    await until(() => published.length > 0);
    await relay.close();
    expect(published).toEqual([event]);
    expect(await prisma.outboxEvent.count({ where: { publishedAt: null } })).toBe(0);
    expect(await prisma.outboxLease.count()).toBe(0);
  });
});
