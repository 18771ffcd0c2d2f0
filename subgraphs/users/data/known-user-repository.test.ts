import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { testDatabases, type OpenedDatabase } from '../../../tests/testkit/databases.js';
import { createKnownUserRepository, type KnownUserRepository } from './known-user-repository.js';
import { createUsersPrisma, type UsersPrisma } from './prisma.js';
import { createProfileRepository, type ProfileRepository } from './profile-repository.js';
import { createSearchNameRepository, type SearchNameRepository } from './search-name-repository.js';

const databases = await testDatabases();
const registration = ({ userId = uuidv7(), username }: { userId?: string; username: string }) => ({
  eventId: uuidv7(),
  occurredAt: '2026-01-31T12:00:00.000Z',
  userId,
  username,
  legacyId: undefined,
});

describe.each(databases)('Known users on $name', ({ open }) => {
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
  beforeEach(() => prisma.$executeRaw`TRUNCATE users.profile, users.search_name, users.known_user, users.inbox_event`);

  async function register(username: string): Promise<string> {
    const user = registration({ username });
    await users.register(user);
    return user.userId;
  }

  const rename = (userId: string, displayName: string | null, username = 'from_the_token') =>
    profiles.update({ userId, username, change: { displayName }, at: new Date(0) });

  async function find(prefix: string): Promise<string[]> {
    return (await names.findByPrefix(prefix, { viewerId: null, limit: 100, after: null })).map(({ name }) => name);
  }

  it('takes the event of a registration once', async () => {
    const user = registration({ username: 'ada' });
    await users.register(user);
    await users.register({ ...user, username: 'changed' });
    expect(await find('ada')).toEqual(['ada']);
    expect(await find('changed')).toEqual([]);
  });

  it('takes an event that comes twice at once, once', async () => {
    const user = registration({ username: 'ada' });
    await Promise.all([users.register(user), users.register(user), users.register(user)]);
    expect(await find('ada')).toEqual(['ada']);
  });

  it('finds someone who changed the profile before the event of the registration came, and after it', async () => {
    const userId = uuidv7();
    await rename(userId, 'Countess', 'Ada');
    expect([await find('ada'), await find('count')]).toEqual([['ada'], ['countess']]);
    await users.register(registration({ userId, username: 'Ada' }));
    expect([await find('ada'), await find('count')]).toEqual([['ada'], ['countess']]);
  });

  it('keeps both names when the event and the change come at the same moment', async () => {
    for (let round = 0; round < 10; round += 1) {
      const userId = uuidv7();
      const username = `user_${String(round)}`;
      await Promise.all([
        users.register(registration({ userId, username })),
        rename(userId, `display ${String(round)}`, username),
        rename(userId, `display ${String(round)}`, username),
      ]);
    }
    expect(await find('user_')).toHaveLength(10);
    expect(await find('display ')).toHaveLength(10);
  });

  it('knows the username from the announcement better than from an old token', async () => {
    const userId = await register('new_name');
    await rename(userId, 'Ada', 'old_name');
    expect(await find('old_name')).toEqual([]);
    expect(await find('new_name')).toEqual(['new_name']);
  });

  it('finds somebody by their new username and no more by the old one, once renamed', async () => {
    const userId = await register('old_name');
    await rename(userId, 'Countess');
    const renamed = registration({ userId, username: 'New_Name' });
    await users.rename(renamed);
    await users.rename({ ...renamed, username: 'repeated' });
    expect([await find('old'), await find('repeated'), await find('new'), await find('count')]).toEqual([
      [],
      [],
      ['new_name'],
      ['countess'],
    ]);
  });

  it('SECURITY 46: does not know who blocks the viewer, unless the viewer blocks them in turn', async () => {
    const [ada, bob] = [await register('ada_who_blocks'), await register('bob_who_is_blocked')];
    const block = (blockerId: string, blockedId: string) =>
      prisma.block.createMany({ data: [{ blockerId, blockedId, createdAt: new Date(0) }] });
    await block(ada, bob);
    expect([await users.find(bob, [ada, bob]), await users.find(ada, [ada, bob])]).toEqual([new Set([bob]), new Set([ada, bob])]);
    await block(bob, ada);
    expect([await users.find(bob, [ada]), await users.find(ada, [bob])]).toEqual([new Set([ada]), new Set([bob])]);
  });

  it('knows who was registered, until they are deleted; then nothing of them comes back', async () => {
    const userId = await register('ada');
    expect(await users.find(uuidv7(), [userId, uuidv7(), '__proto__'])).toEqual(new Set([userId]));
    const cause = { userId, occurredAt: '2026-01-31T12:00:00.000Z' };
    await users.forget({ ...cause, eventId: uuidv7(), legacyId: 1 });
    await users.changeAvatar({ ...cause, eventId: uuidv7(), avatarUrl: '/media/late' });
    await users.rename({ ...cause, eventId: uuidv7(), username: 'late' });
    expect(await users.find(uuidv7(), [userId])).toEqual(new Set());
    expect([await find('ada'), await find('late')]).toEqual([[], []]);
  });
});
