import { expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Galaxia } from '../testkit/product/galaxia.js';
import { freshUsername, registerPerson } from '../testkit/product/person.js';

/** On a product that has this Redis. */
export function userEventsTests(product: () => Galaxia, redisUrl: string): void {
  it('announces everybody to readers of user.events, as they register and as they change their names', async () => {
    const client = new Redis(redisUrl);
    try {
      const ada = await registerPerson(product());
      const renamed = freshUsername('new');
      const { data } = await ada.ask('mutation ($input: ChangeUsernameInput!) { changeUsername(input: $input) { __typename } }', {
        input: { username: renamed },
      });
      expect(data.changeUsername?.__typename).toBe('ChangeUsernamePayload');
      const events = async () =>
        (await client.xrange('user.events', '-', '+'))
          .map(([, fields]) => JSON.parse(fields[1] ?? '') as Record<string, unknown>)
          .filter(({ userId }) => userId === ada.id);
      const deadline = Date.now() + 10_000;
      while ((await events()).length < 2 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 25));
      const number = expect.any(Number);
      expect(await events()).toEqual([
        { type: 'USER_CREATED', id: number, username: ada.username, timestamp: number, userId: ada.id, eventId: expect.any(String) },
        {
          type: 'USER_UPDATED',
          id: number,
          username: renamed,
          avatar: null,
          timestamp: number,
          userId: ada.id,
          eventId: expect.any(String),
        },
      ]);
      expect(new Set((await events()).map(({ id }) => id)).size).toBe(1);
    } finally {
      client.disconnect();
    }
  });
}
