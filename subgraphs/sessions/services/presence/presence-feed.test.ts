import { describe, expect, it } from '@jest/globals';
import { createInProcessPresenceStore } from '../../data/in-process-presence-store.js';
import { defaultSettings } from '../../presence/presence.js';
import { createVirtualScheduler } from '../../presence/virtual-scheduler.js';
import { createPresenceFeed, paceMs } from './presence-feed.js';

const ada = { userId: 'ada', sessionId: 's' };
const key = { ...ada, connectionId: 'c' };

function create() {
  const scheduler = createVirtualScheduler();
  const store = createInProcessPresenceStore({ scheduler });
  const feed = createPresenceFeed({ store, scheduler });
  const heard: string[] = [];
  const follow = (viewerId: string, userIds: readonly string[], name = viewerId) =>
    feed.follow({
      viewerId,
      userIds,
      onChange: ({ state }) => heard.push(`${name}: ${state.userId} ${state.availability}`),
      onRemoved: (userId) => heard.push(`${name}: ${userId} is gone`),
    });
  return { scheduler, store, feed, heard: () => heard.splice(0), follow };
}

describe('The presence feed', () => {
  it('tells the first change at once, then the latest after 500 ms, and the next one 500 ms later', async () => {
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

  it('paces each user apart', async () => {
    const { store, heard, follow } = create();
    follow('bob', ['ada', 'eve']);
    await store.connect(key, defaultSettings);
    await store.connect({ userId: 'eve', sessionId: 's', connectionId: 'c' }, defaultSettings);
    expect(heard()).toEqual(['bob: ada ONLINE', 'bob: eve ONLINE']);
  });

  it('tells others nothing of what only the user can see, and delays nothing by it', async () => {
    const { store, heard, follow } = create();
    follow('bob', ['ada']);
    follow('ada', ['ada']);
    await store.connect(key, { ...defaultSettings, revision: 1, visibility: 'NOBODY' });
    expect(heard()).toEqual(['ada: ada ONLINE']);
    await store.update(ada, { settings: { ...defaultSettings, revision: 2 } });
    expect(heard()).toEqual(['bob: ada ONLINE']);
  });

  it('counts as settled only what was told', async () => {
    const { scheduler, store, feed, follow } = create();
    follow('bob', ['ada', 'eve']);
    await store.connect(key, defaultSettings);
    const { position } = (await store.read([])).moment;
    await store.update(ada, { isAway: true });
    await store.connect({ userId: 'eve', sessionId: 's', connectionId: 'c' }, defaultSettings);
    await store.update(ada, { isAway: false });
    expect(feed.settledPosition()).toBe(position);
    scheduler.advance(paceMs);
    expect(feed.settledPosition()).toBe((await store.read([])).moment.position);
  });

  it('keeps nothing of those who have gone', async () => {
    const { scheduler, store, heard, feed, follow } = create();
    for (let round = 0; round < 1_000; round += 1) follow('bob', ['ada'])();
    await store.connect(key, defaultSettings);
    expect(heard()).toEqual([]);
    await store.leave(key, 0);
    feed.close();
    await store.close();
    expect(scheduler.waiting).toBe(0);
  });

  it('tells once that somebody is gone, instead of what waited to be told, and nothing of them afterwards', async () => {
    const { store, feed, scheduler, heard, follow } = create();
    const stop = follow('me', ['ada', 'bob']);
    await store.connect(key, defaultSettings);
    await store.leave(key, 0);
    feed.remove('ada');
    feed.remove('ada');
    scheduler.advance(10_000);
    await store.connect(key, defaultSettings);
    expect(heard()).toEqual(['me: ada ONLINE', 'me: ada is gone']);
    stop();
  });
});
