import { beforeEach, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { testDatabases } from '../../../tests/testkit/services/databases.js';
import { useRepositories } from '../tests/repositories-of-suite.js';
import type { UsersPrisma } from './prisma.js';
import { createSearchNameRepository } from './search-name-repository.js';

const databases = await testDatabases();
describe.each(databases)('Names and profiles on $name', ({ open }) => {
  const subject = useRepositories(open);
  const { register, rename, find } = subject;
  beforeEach(
    () =>
      subject.prisma
        .$executeRaw`TRUNCATE users.block, users.profile, users.search_name, users.known_user, users.inbox_event, users.outbox_event`,
  );

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
    expect(await subject.names.findByPrefix('ada', { viewerId: null, limit: 10, after: null })).toEqual([{ name: 'ada', userId }]);
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
    const found = await subject.names.findByPrefix('alex', { viewerId: null, limit: 10, after: null });
    expect(found.map(({ userId }) => userId).sort()).toEqual([...ids].sort());
  });

  it('pages without a gap or a repetition while others register', async () => {
    for (let n = 10; n < 30; n += 1) await register(`user${String(n)}`);
    const seen: string[] = [];
    for (let after: { name: string; userId: string } | null = null; ;) {
      const page: Awaited<ReturnType<typeof subject.names.findByPrefix>> = await subject.names.findByPrefix('user', {
        viewerId: null,
        limit: 7,
        after,
      });
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
    await subject.prisma.block.createMany({
      data: [
        { blockerId: viewerId, blockedId: blocked, createdAt: new Date(0) },
        { blockerId: blocker, blockedId: viewerId, createdAt: new Date(0) },
        { blockerId: other, blockedId: blocked, createdAt: new Date(0) },
      ],
    });
    const found = async (id: string | null) =>
      (await subject.names.findByPrefix('user', { viewerId: id, limit: 2, after: null })).map(({ userId }) => userId);
    expect(await found(viewerId)).toEqual([other, last]);
    expect(await found(null)).toEqual([blocked, blocker]);
    expect(await found(blocked)).toEqual([blocked, blocker]);
  });

  it('stores what is given and leaves the rest', async () => {
    const userId = uuidv7();
    expect(await subject.profiles.findByUserIds([userId])).toEqual([]);
    await subject.profiles.update({ userId, username: 'ada', change: { bio: 'Numbers', locale: 'en', timeZone: 'UTC' }, at: new Date(0) });
    await subject.profiles.update({ userId, username: 'ada', change: { displayName: 'Ada', visibility: 'FRIENDS' }, at: new Date(1) });
    await subject.profiles.update({ userId, username: 'ada', change: { locale: null }, at: new Date(2) });
    expect(await subject.profiles.findByUserIds([userId, uuidv7()])).toEqual([
      { userId, displayName: 'Ada', bio: 'Numbers', locale: null, timeZone: 'UTC', visibility: 'FRIENDS' },
    ]);
  });

  it.each([
    // A few pages: the rows of "name…" before it were not read.
    ['nobody', null, 15],
    // And for each of the 20 rows two looks into the primary key of the blocks.
    ['somebody', uuidv7(), 15 + 20 * 2 * 2],
  ])('finds a prefix by the index, in its order, wherever it stands among many names, for %s', async (_who, viewerId, mostPages) => {
    await subject.prisma.$executeRaw`
      INSERT INTO users.search_name (name, user_id, kind)
      SELECT unnest(ARRAY['name', 'user']) || n, gen_random_uuid(), 'USERNAME' FROM generate_series(1, 5000) AS n`;
    await subject.prisma.$executeRaw`ANALYZE users.search_name`;
    const plan: { 'QUERY PLAN': string }[] = [];
    // The repository's own statement, explained.
    const explaining = Object.create(subject.prisma, {
      $queryRaw: {
        value: async (parts: readonly string[], ...values: unknown[]) => {
          const sql = parts.reduce((before, part, index) => `${before}$${index}${part}`);
          plan.push(...(await subject.prisma.$queryRawUnsafe<typeof plan>(`EXPLAIN (ANALYZE, BUFFERS) ${sql}`, ...values)));
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
      subject.names.findByPrefix('m', { viewerId: null, limit: 10, after: { name, userId: 'ffffffff-ffff-ffff-ffff-ffffffffffff' } });
    expect(await at('a')).toEqual([{ name: 'mona', userId }]);
    expect(await at('z')).toEqual([]);
  });
});
