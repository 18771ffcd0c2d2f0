import { describe, expect, it } from '@jest/globals';
import { createInProcessPresenceStore } from '../../../data/in-process-presence-store.js';
import { defaultSettings } from '../../../presence/presence.js';
import { createVirtualScheduler } from '../../../presence/virtual-scheduler.js';
import { createShardedStore } from '../tests/presence-stores.js';
import { createPresenceFeed, paceMs, type Follower } from './presence-feed.js';

const ada = { userId: 'ada', sessionId: 's' };
const key = { ...ada, connectionId: 'c' };
/** In another shard than ada, when there are two. */
const bob = { userId: 'bob', sessionId: 's', connectionId: 'c' };

function create(shards = 1) {
  const scheduler = createVirtualScheduler();
  const store = createShardedStore(Array.from({ length: shards }, () => createInProcessPresenceStore({ scheduler })));
  const feed = createPresenceFeed({ store, scheduler });
  const heard: string[] = [];
  return {
    scheduler,
    store,
    feed,
    heard: () => heard.splice(0),
    follow: (viewerId: string, userIds: readonly string[]) => {
      const follower: Follower = {
        viewerId,
        onChange: ({ state }) => heard.push(`${viewerId}: ${state.userId} ${state.availability}`),
        onRemoved: (userId) => heard.push(`${viewerId}: ${userId} is gone`),
      };
      for (const userId of userIds) feed.follow(userId, follower);
      return () => userIds.forEach((userId) => feed.unfollow(userId, follower));
    },
  };
}

describe('The presence feed', () => {
  it('P6: tells the first change at once, then the latest after 500 ms, and the next one 500 ms later', async () => {
    const { scheduler, store, heard, follow } = create();
    follow('bob', ['ada']);
    await store.connect(key, defaultSettings);
    expect(heard()).toEqual(['bob: ada ONLINE']);
    await store.update(ada, { isAway: true });
    await store.update(ada, { isAway: false });
    await store.update(ada, { isAway: true });
    scheduler.advance(paceMs - 1);
    expect(heard()).toEqual([]);
    scheduler.advance(1);
    expect(heard()).toEqual(['bob: ada AWAY']);
    await store.update(ada, { isAway: false });
    scheduler.advance(paceMs - 1);
    expect(heard()).toEqual([]);
    scheduler.advance(1);
    expect(heard()).toEqual(['bob: ada ONLINE']);
    scheduler.advance(paceMs);
    await store.update(ada, { isAway: true });
    expect(heard()).toEqual(['bob: ada AWAY']);
  });

  it('P6: keeps the pace for who follows when the last one has just gone', async () => {
    const { scheduler, store, heard, follow } = create();
    const unfollow = follow('bob', ['ada']);
    await store.connect(key, defaultSettings);
    unfollow();
    follow('eve', ['ada']);
    await store.update(ada, { isAway: true });
    expect(heard()).toEqual(['bob: ada ONLINE']);
    scheduler.advance(paceMs);
    expect(heard()).toEqual(['eve: ada AWAY']);
  });

  it('P6: paces each user apart', async () => {
    const { store, heard, follow } = create();
    follow('me', ['ada', 'bob']);
    await store.connect(key, defaultSettings);
    await store.connect(bob, defaultSettings);
    expect(heard()).toEqual(['me: ada ONLINE', 'me: bob ONLINE']);
  });

  it('P8: tells others nothing of what only the user can see, and delays nothing by it', async () => {
    const { store, heard, follow } = create();
    follow('bob', ['ada']);
    follow('ada', ['ada']);
    await store.connect(key, { ...defaultSettings, revision: 1, visibility: 'NOBODY' });
    expect(heard()).toEqual(['ada: ada ONLINE']);
    await store.update(ada, { settings: { ...defaultSettings, revision: 2 } });
    expect(heard()).toEqual(['bob: ada ONLINE']);
  });

  it('P7: counts as settled only what was told, in each shard apart', async () => {
    const { scheduler, store, feed, follow } = create(2);
    follow('me', ['ada', 'bob']);
    const settled = (): (number | undefined)[] =>
      [store.shardOf('ada'), store.shardOf('bob')].map((shard) => feed.settled().offsets.get(shard));
    expect(settled()).toEqual([0, 0]);
    await store.connect(key, defaultSettings);
    await store.connect(bob, defaultSettings);
    expect(settled()).toEqual([1, 1]);
    await store.update(ada, { isAway: true });
    await store.update(ada, { isAway: false });
    await store.connect({ ...bob, userId: 'eve' }, defaultSettings);
    // Eve is in the shard of ada, whose changes wait; nobody follows her.
    expect([store.shardOf('eve'), settled()]).toEqual([store.shardOf('ada'), [1, 1]]);
    await store.announce({ kind: 'SessionChanged', userId: 'bob', sessionId: 's' });
    expect(settled()).toEqual([1, 2]);
    scheduler.advance(paceMs);
    expect(settled()).toEqual([4, 2]);
  });

  it('P7: does not write a cursor over what the other view of the same user holds back', async () => {
    const { store, feed, follow } = create();
    follow('bob', ['ada']);
    await store.connect(key, { ...defaultSettings, revision: 1 });
    const settledWhenTold: unknown[] = [];
    feed.follow('ada', {
      viewerId: 'ada',
      onChange: () => settledWhenTold.push(feed.settled().offsets.get(0)),
      onRemoved: () => undefined,
    });
    await store.update(ada, { isAway: true });
    expect(settledWhenTold).toEqual([1]);
  });

  it('gives the same settled moment, as one object, for as long as nothing happens', async () => {
    const { store, feed } = create();
    const before = feed.settled();
    expect(feed.settled()).toBe(before);
    await store.connect(key, defaultSettings);
    expect(feed.settled()).not.toBe(before);
  });

  it('holds nothing back for those who have gone', async () => {
    const { store, feed, follow } = create();
    const stop = follow('bob', ['ada']);
    await store.connect(key, defaultSettings);
    await store.update(ada, { isAway: true });
    stop();
    expect(feed.settled().offsets.get(0)).toBe(2);
  });

  it('forgets what it held back when the store has lost its state', async () => {
    const { scheduler, store, feed, heard, follow } = create();
    let lose = (): void => undefined;
    const losing = {
      ...store,
      listen: (listener: Parameters<typeof store.listen>[0]) => (
        (lose = () => listener.onLost?.({ wasOnline: () => false })),
        store.listen(listener)
      ),
    };
    const other = createPresenceFeed({ store: losing, scheduler });
    follow('bob', ['ada']);
    other.follow('ada', { viewerId: 'eve', onChange: () => heard().push('eve'), onRemoved: () => undefined });
    await store.connect(key, defaultSettings);
    await store.update(ada, { isAway: true });
    heard();
    lose();
    expect([other.settled().offsets.get(0), feed.settled().offsets.get(0)]).toEqual([2, 1]);
  });

  it('keeps nothing of those who have gone', async () => {
    const { scheduler, store, heard, feed, follow } = create();
    for (let round = 0; round < 1_000; round += 1) follow('bob', ['ada'])();
    await store.connect(key, defaultSettings);
    expect([heard(), feed.size]).toEqual([[], 0]);
    const stop = follow('bob', ['ada']);
    await store.leave(key, 0);
    stop();
    scheduler.advance(paceMs);
    expect(feed.size).toBe(0);
    feed.close();
    await store.close();
    expect(scheduler.waiting).toBe(0);
  });

  it('tells once that somebody is gone, instead of what waited to be told, and nothing of them afterwards', async () => {
    const { store, scheduler, heard, follow } = create();
    const stop = follow('me', ['ada', 'bob']);
    await store.connect(key, defaultSettings);
    await store.leave(key, 0);
    await store.announce({ kind: 'UserDeleted', userId: 'ada' });
    await store.announce({ kind: 'UserDeleted', userId: 'ada' });
    scheduler.advance(10_000);
    await store.connect(key, defaultSettings);
    expect(heard()).toEqual(['me: ada ONLINE', 'me: ada is gone']);
    stop();
  });
});
