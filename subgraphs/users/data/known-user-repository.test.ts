import { beforeEach, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { testDatabases } from '../../../tests/testkit/services/databases.js';
import { registration, useRepositories } from '../tests/repositories-of-suite.js';

const databases = await testDatabases();
describe.each(databases)('Known users on $name', ({ open }) => {
  const subject = useRepositories(open);
  const { register, rename, find } = subject;
  beforeEach(() => subject.prisma.$executeRaw`TRUNCATE users.profile, users.search_name, users.known_user, users.inbox_event`);

  it('takes the event of a registration once', async () => {
    const user = registration({ username: 'ada' });
    await subject.users.register(user);
    await subject.users.register({ ...user, username: 'changed' });
    expect(await find('ada')).toEqual(['ada']);
    expect(await find('changed')).toEqual([]);
  });

  it('takes an event that comes twice at once, once', async () => {
    const user = registration({ username: 'ada' });
    await Promise.all([subject.users.register(user), subject.users.register(user), subject.users.register(user)]);
    expect(await find('ada')).toEqual(['ada']);
  });

  it('finds someone who changed the profile before the event of the registration came, and after it', async () => {
    const userId = uuidv7();
    await rename(userId, 'Countess', 'Ada');
    expect([await find('ada'), await find('count')]).toEqual([['ada'], ['countess']]);
    await subject.users.register(registration({ userId, username: 'Ada' }));
    expect([await find('ada'), await find('count')]).toEqual([['ada'], ['countess']]);
  });

  it('keeps both names when the event and the change come at the same moment', async () => {
    for (let round = 0; round < 10; round += 1) {
      const userId = uuidv7();
      const username = `user_${String(round)}`;
      await Promise.all([
        subject.users.register(registration({ userId, username })),
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
    await subject.users.rename(renamed);
    await subject.users.rename({ ...renamed, username: 'repeated' });
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
      subject.prisma.block.createMany({ data: [{ blockerId, blockedId, createdAt: new Date(0) }] });
    await block(ada, bob);
    expect([await subject.users.find(bob, [ada, bob]), await subject.users.find(ada, [ada, bob])]).toEqual([
      new Set([bob]),
      new Set([ada, bob]),
    ]);
    await block(bob, ada);
    expect([await subject.users.find(bob, [ada]), await subject.users.find(ada, [bob])]).toEqual([new Set([ada]), new Set([bob])]);
  });

  it('knows who was registered, until they are deleted; then nothing of them comes back', async () => {
    const userId = await register('ada');
    expect(await subject.users.find(uuidv7(), [userId, uuidv7(), '__proto__'])).toEqual(new Set([userId]));
    const cause = { userId, occurredAt: '2026-01-31T12:00:00.000Z' };
    await subject.users.forget({ ...cause, eventId: uuidv7(), legacyId: 1 });
    await subject.users.changeAvatar({ ...cause, eventId: uuidv7(), avatarUrl: '/media/late' });
    await subject.users.rename({ ...cause, eventId: uuidv7(), username: 'late' });
    expect(await subject.users.find(uuidv7(), [userId])).toEqual(new Set());
    expect([await find('ada'), await find('late')]).toEqual([[], []]);
  });
});
