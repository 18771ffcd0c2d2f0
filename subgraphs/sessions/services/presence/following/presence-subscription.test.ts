import { describe, expect, it } from '@jest/globals';
import { defaultSettings } from '../../../presence/presence.js';
import { pendingLimit } from './followed-users.js';
import { createCluster, person, settle } from '../tests/presence-harness.js';
import { unsentMs } from './presence-subscription.js';

const [ada, eve] = [person('ada'), person('eve')];
const keyOf = (userId: string) => ({ userId, sessionId: 's', connectionId: 'c' });

describe('A presence subscription', () => {
  it('P7: says nothing of a change that its viewer may not see', async () => {
    const { connect, store, pass } = createCluster();
    const client = await connect(ada, { userIds: ['bob'] });
    await settle();
    await store.connect(keyOf('bob'), { ...defaultSettings, revision: 1, visibility: 'FRIENDS' });
    await pass(1_000);
    expect(client.kinds).toEqual(['Snapshot']);
  });

  it('is refused with UNAVAILABLE while the store cannot be reached, and leaves nothing behind', async () => {
    const { connect, stores, nodes, close, scheduler } = createCluster();
    const client = await connect(ada, { userIds: ['bob'] });
    stores[0].setDown(true);
    const refusal = { code: 'UNAVAILABLE', retryAfter: 5 };
    await expect(connect(eve, { userIds: ['bob'] })).rejects.toMatchObject(refusal);
    await expect(nodes[0].heartbeat(eve)).rejects.toMatchObject(refusal);
    await expect(nodes[0].view(eve, ['ada'])).rejects.toMatchObject(refusal);
    // Whoever was there stays.
    expect(client.hasEnded()).toBe(false);
    stores[0].setDown(false);
    expect((await nodes[0].view(null, ['ada', 'eve'])).map(({ availability }) => availability)).toEqual(['ONLINE', 'OFFLINE']);
    await client.leave(1000);
    await close();
    expect(scheduler.waiting).toBe(0);
  });

  it('P9: keeps one change per user for a client that does not take them, the latest', async () => {
    const { connect, store, pass } = createCluster();
    const client = await connect(ada, { userIds: ['bob', 'eve'] });
    await settle();
    client.stall();
    // The read that waits already takes the first change.
    await store.connect(keyOf('bob'), defaultSettings);
    await settle();
    for (let round = 0; round < 9; round += 1) {
      await store.update(keyOf('bob'), { isAway: round % 2 === 0 });
      await store.connect(keyOf('eve'), defaultSettings);
      await pass(1_000);
    }
    client.read();
    await settle();
    expect(client.kinds).toEqual(['Snapshot', 'Changed', 'Changed']);
    expect(client.seen()).toEqual(['bob AWAY', 'eve ONLINE']);
  });

  it('P9: ends when something was not taken for 10 s, and comes back with every difference', async () => {
    const { connect, store, pass } = createCluster();
    const client = await connect(ada, { userIds: ['bob'] });
    await settle();
    client.stall();
    await store.connect(keyOf('bob'), defaultSettings);
    await pass(20_000, 1_000);
    expect(client.kinds).toEqual(['Snapshot', 'Changed']);
    await store.update(keyOf('bob'), { isAway: true });
    await pass(unsentMs - 1);
    client.read();
    await settle();
    expect([client.kinds.at(-1), client.hasEnded()]).toEqual(['Changed', false]);
    client.stall();
    await store.update(keyOf('bob'), { isAway: false });
    await settle();
    await store.update(keyOf('bob'), { isAway: true });
    await pass(500);
    await pass(unsentMs);
    client.read();
    await settle();
    expect([client.kinds.at(-1), client.hasEnded()]).toEqual(['Lost', true]);
    const back = await connect(ada, { userIds: ['bob'], since: client.cursor() }, client);
    await settle();
    expect([back.kinds, back.seen(), back.stepsBack()]).toEqual([['Changed'], ['bob AWAY'], 0]);
  });

  it('P9: ends when its first message was not taken for 10 s', async () => {
    const { nodes, pass } = createCluster();
    const request = { friends: false, userIds: ['bob'], since: null };
    const subscribe = () => nodes[0].subscribe(ada, request, undefined);
    const [taken, late] = [await subscribe(), await subscribe()];
    await pass(unsentMs - 1);
    expect((await taken.next()).value).toMatchObject({ kind: 'Snapshot' });
    await pass(1);
    expect((await late.next()).value).toEqual({ kind: 'Lost' });
    await taken.return?.();
  });

  it('P9: ends when it was not taken for 10 s that somebody is to be forgotten', async () => {
    const { connect, relate, pass } = createCluster();
    const client = await connect(ada, { userIds: ['bob', 'eve'] });
    await settle();
    client.stall();
    // The read that waits takes the first.
    await relate('ada', 'bob', 'BLOCKED');
    await relate('ada', 'eve', 'BLOCKED');
    await pass(unsentMs);
    client.read();
    await settle();
    expect([client.kinds.at(-1), client.hasEnded()]).toEqual(['Lost', true]);
  });

  it.each([
    ['goes on when 1 MB waits', 0, false],
    ['ends when more than 1 MB waits', 1, true],
  ])('P9: %s', async (_name, more, ends) => {
    const { connect, store, pass } = createCluster();
    const client = await connect(ada, { userIds: ['bob', 'eve'] });
    await settle();
    client.stall();
    // The read that waits takes the first change.
    for (const userId of ['bob', 'eve']) await store.connect(keyOf(userId), defaultSettings);
    await pass(500);
    const activity = { kind: 'LOBBY', gameId: null, joinable: false, since: 0, data: [] } as const;
    const textOf = (bytes: number) => '€'.repeat(bytes / 3) + '.'.repeat(bytes % 3);
    const waiting = 2 * 400;
    await store.update(keyOf('eve'), { activity: { ...activity, text: textOf(pendingLimit - waiting + more) } });
    await store.update(keyOf('bob'), { isAway: true });
    client.read();
    await settle();
    expect(client.hasEnded()).toBe(ends);
  });

  it('ends at once while nobody changes, and gives back what it held', async () => {
    const { connect, scheduler, store, close } = createCluster();
    const client = await connect(ada, { userIds: ['bob'] });
    await settle();
    await client.leave(1000);
    await settle();
    expect(client.hasEnded()).toBe(true);
    await store.connect(keyOf('bob'), defaultSettings);
    await close();
    expect(scheduler.waiting).toBe(0);
  });

  it('leaves nothing behind when the process stops, and tells nothing any more', async () => {
    const { connect, scheduler, store, close, nodes } = createCluster();
    const client = await connect(ada, { userIds: ['bob'] });
    await settle();
    await store.connect(keyOf('bob'), defaultSettings);
    await settle();
    await store.leave(keyOf('bob'), 0);
    await nodes[0].close();
    scheduler.advance(1_000);
    await settle();
    expect(client.seen()).toEqual(['bob ONLINE']);
    await close();
    expect(scheduler.waiting).toBe(0);
  });

  it('tells on every process that somebody is gone, and nothing of them afterwards', async () => {
    const { connect, nodes, store, deleted, pass } = createCluster();
    const clients = [await connect(ada, { userIds: ['bob', 'eva'] }), await connect(eve, { userIds: ['bob'] }, undefined, nodes[1])];
    await settle();
    deleted.add('bob');
    await nodes[0].forget('bob');
    await store.connect(keyOf('bob'), defaultSettings);
    await pass(1_000);
    for (const client of clients) {
      expect(client.messages.at(-1)).toMatchObject({ kind: 'Removed', userId: 'bob', reason: 'DELETED' });
      expect(client.seen().some((each) => each.startsWith('bob'))).toBe(false);
    }
    // Who was away when it happened must forget them too.
    const back = await connect(ada, { userIds: ['bob', 'eva'], since: clients[0]?.cursor() ?? null });
    await settle();
    expect([back.kinds, back.seen()]).toEqual([['Snapshot'], ['eva OFFLINE']]);
  });
});

describe('Subscriptions of equal requests', () => {
  it('P7: get the same message with the same cursor when they look with the same eyes', async () => {
    const { connect, relations, store } = createCluster({ shards: 3 });
    const viewers = ['v1', 'v2', 'v3'].map((userId) => person(userId));
    for (const { userId } of viewers) relations.set(userId, 'bob', 'FRIEND');
    relations.set('v1', 'somebody else', 'FRIEND');
    const clients = await Promise.all(viewers.map((viewer) => connect(viewer, { friends: true })));
    await settle();
    await store.connect(keyOf('bob'), defaultSettings);
    await settle();
    const told = clients.map(({ messages }) => messages.at(-1));
    expect(told[0]).toMatchObject({ kind: 'Changed', entries: [{ userId: 'bob', availability: 'ONLINE' }] });
    for (const message of told) expect(message).toBe(told[0]);
  });

  it('P8: share nothing with those who look with other eyes', async () => {
    const { connect, relations, store, nodes, pass } = createCluster();
    relations.set('ada', 'bob', 'FRIEND');
    const [friend, stranger] = [await connect(ada, { userIds: ['bob'] }), await connect(eve, { userIds: ['bob'] })];
    await store.connect(keyOf('bob'), defaultSettings);
    await pass(500);
    await nodes[0].update(person('bob', 's'), { visibility: 'FRIENDS', statusMessage: 'for friends' });
    await pass(500);
    expect(friend.view('bob')).toMatchObject({ availability: 'ONLINE', statusMessage: 'for friends' });
    expect(stranger.view('bob')).toMatchObject({ availability: 'OFFLINE', statusMessage: null });
  });

  it('P7: have cursors that never go back, though a first message may be ahead of what the process has heard', async () => {
    const { connect, store, stores, nodes, pass } = createCluster({ shards: 2, delay: () => 1_000_000 });
    await store.connect(keyOf('bob'), defaultSettings);
    await store.connect(keyOf('eve'), defaultSettings);
    const client = await connect(ada, { userIds: ['bob', 'eve'] }, undefined, nodes[1]);
    await settle();
    const first = client.cursor();
    expect(client.seen()).toEqual(['bob ONLINE', 'eve ONLINE']);
    await store.leave(keyOf('bob'), 0);
    // That eve came, the process has yet to hear.
    stores[1].catchUp(store.shardOf('bob'));
    await pass(500);
    expect(client.seen()).toEqual(['bob OFFLINE', 'eve ONLINE']);
    for (const since of [first, client.cursor()]) {
      const back = await connect(ada, { userIds: ['eve', 'bob'], since }, client, nodes[1]);
      await settle();
      expect([back.kinds, back.seen(), back.stepsBack()]).toEqual([['Changed'], ['bob OFFLINE', 'eve ONLINE'], 0]);
      // Known since the first message, told to the process only later.
      expect(back.messages[0]).toMatchObject({ entries: since === first ? [{ userId: 'bob' }] : [] });
    }
  });
});
