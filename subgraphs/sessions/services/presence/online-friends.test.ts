import { describe, expect, it } from '@jest/globals';
import { createOneService } from './tests/one-service.js';
import { person } from './tests/presence-harness.js';

const ada = person('ada');

describe('Friends who are online', () => {
  const page = { limit: 100, after: null };

  it('are refused to an anonymous caller', async () => {
    await expect(createOneService().presence.onlineFriends(null, page)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('P11: are those who let it be seen, and no others', async () => {
    const { presence } = createOneService(['away', 'gone', 'here', 'hidden'], ['blocked']);
    for (const userId of ['away', 'gone', 'here', 'hidden', 'blocked', 'stranger']) await presence.heartbeat(person(userId));
    await presence.update(person('away'), { availability: 'AWAY' });
    await presence.update(person('here'), { visibility: 'FRIENDS' });
    await presence.update(person('hidden'), { visibility: 'NOBODY' });
    await presence.goOffline(person('gone'));
    const found = await presence.onlineFriends(ada, page);
    expect(found.map(({ userId, availability, devices }) => [userId, availability, devices])).toEqual([
      ['away', 'AWAY', null],
      ['here', 'ONLINE', null],
    ]);
  });

  it('P11: come in the order of their ids, in pages that skip who is offline', async () => {
    const friends = Array.from({ length: 1_200 }, (_, index) => `f${String(index).padStart(4, '0')}`);
    const { presence } = createOneService(friends.toReversed());
    const online = friends.filter((_, index) => index % 400 === 399 || index < 2);
    for (const userId of online) await presence.heartbeat(person(userId));
    const idsAfter = async (after: string | null, limit: number) =>
      (await presence.onlineFriends(ada, { limit, after })).map(({ userId }) => userId);
    expect(await idsAfter(null, 100)).toEqual(online);
    expect(await idsAfter(null, 3)).toEqual(online.slice(0, 3));
    expect(await idsAfter('f0001', 2)).toEqual(online.slice(2, 4));
    expect(await idsAfter('f1199', 1)).toEqual([]);
  });
});
