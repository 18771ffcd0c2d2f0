import { describe, expect, it } from '@jest/globals';
import { defaultSettings } from '../../../presence/presence.js';
import { createCluster, person, settle } from '../tests/presence-harness.js';

const [ada, eve] = [person('ada'), person('eve')];
const key = { userId: 'bob', sessionId: 's', connectionId: 'c' };

describe('When the store has lost its state', () => {
  it('P7: every open subscription gets one resync, and what comes after it', async () => {
    const { connect, store, stores, nodes, pass } = createCluster({ shards: 2 });
    await store.connect(key, defaultSettings);
    const clients = [
      await connect(ada, { userIds: ['bob'] }, undefined, nodes[1]),
      await connect(eve, { userIds: ['bob'] }, undefined, nodes[1]),
      await connect(eve, { userIds: ['bob'] }),
    ];
    await settle();
    stores[1].lose();
    await pass(2_000, 50);
    expect(clients.map(({ kinds }) => kinds)).toEqual([['Snapshot', 'Resync'], ['Snapshot', 'Resync'], ['Snapshot']]);
    await store.leave(key, 0);
    await settle();
    expect(clients.map((client) => client.seen())).toEqual([['bob OFFLINE'], ['bob OFFLINE'], ['bob OFFLINE']]);
  });

  it('P7: nothing is told between the loss and the resync, which has what happened meanwhile', async () => {
    const { connect, store, stores, nodes, pass } = createCluster();
    await store.connect(key, defaultSettings);
    const client = await connect(ada, { userIds: ['bob'] }, undefined, nodes[1]);
    await settle();
    stores[1].lose();
    await store.update(key, { isAway: true });
    await settle();
    expect(client.kinds).toEqual(['Snapshot']);
    await pass(2_000, 50);
    expect([client.kinds, client.seen()]).toEqual([['Snapshot', 'Resync'], ['bob AWAY']]);
  });

  it('connections are made anew before anybody reads', async () => {
    const { connect, stores, nodes, pass, store } = createCluster();
    const order: string[] = [];
    await connect(eve, { userIds: ['bob'] }, undefined, nodes[1]);
    const watching = await connect(ada, { userIds: ['eve'] }, undefined, nodes[1]);
    await settle();
    // As a store would that knows nothing of them any more.
    await store.endSession(eve);
    await pass(1_000);
    expect(watching.seen()).toEqual(['eve OFFLINE']);
    store.listen({ onChange: ({ state }) => order.push(`${state.userId} ${state.availability}`) });
    stores[1].lose();
    await pass(2_000, 50);
    expect([order, watching.kinds.at(-1), watching.seen()]).toEqual([['eve ONLINE'], 'Resync', ['eve ONLINE']]);
  });

  it('P4: nobody hears that somebody is gone whose process is a little slow to connect them anew', async () => {
    const { connect, store, stores, nodes, pass } = createCluster();
    await store.connect(key, defaultSettings);
    const client = await connect(ada, { userIds: ['bob'] }, undefined, nodes[1]);
    await settle();
    stores[1].lose(['bob']);
    // As a store would that knows nothing of them any more.
    await store.endSession(key);
    await pass(2_900, 50);
    expect(client.kinds).toEqual(['Snapshot']);
    await store.connect(key, defaultSettings);
    await pass(300, 50);
    expect([client.kinds, client.seen()]).toEqual([['Snapshot', 'Resync'], ['bob ONLINE']]);
  });

  it('P5: who is gone with a process that died at the same time is told, 3 s later', async () => {
    const { connect, store, stores, nodes, pass } = createCluster();
    await store.connect(key, defaultSettings);
    const client = await connect(ada, { userIds: ['bob'] }, undefined, nodes[1]);
    await settle();
    stores[1].lose(['bob']);
    await store.endSession(key);
    await pass(1_000, 50);
    stores[1].lose([]);
    await pass(1_900, 50);
    expect(client.kinds).toEqual(['Snapshot']);
    await pass(400, 50);
    expect([client.kinds, client.seen()]).toEqual([['Snapshot', 'Resync'], ['bob OFFLINE']]);
  });

  it('P7: a second loss during the resync makes it begin anew, and one comes in the end', async () => {
    const { connect, store, stores, nodes, pass, relations } = createCluster();
    await store.connect(key, defaultSettings);
    const client = await connect(ada, { userIds: ['bob'] }, undefined, nodes[1]);
    await settle();
    const go = relations.pause();
    stores[1].lose();
    await pass(2_000, 50);
    stores[1].lose();
    go();
    await pass(2_000, 50);
    expect(client.kinds).toEqual(['Snapshot', 'Resync']);
  });

  it('P7: a resync that cannot be read is tried again', async () => {
    const { connect, store, stores, nodes, pass } = createCluster();
    await store.connect(key, defaultSettings);
    const client = await connect(ada, { userIds: ['bob'] }, undefined, nodes[1]);
    await settle();
    stores[1].setDown(true);
    stores[1].lose();
    await pass(10_000, 250);
    expect([client.kinds, client.hasEnded()]).toEqual([['Snapshot'], false]);
    stores[1].setDown(false);
    await pass(5_000, 250);
    expect(client.kinds).toEqual(['Snapshot', 'Resync']);
  });

  it('P7: who has heard nothing yet gets a snapshot, once', async () => {
    const { connect, store, stores, nodes, pass, relations } = createCluster();
    await store.connect(key, defaultSettings);
    const go = relations.pause();
    const opening = connect(ada, { userIds: ['bob'] }, undefined, nodes[1]);
    await settle();
    stores[1].lose();
    go();
    const client = await opening;
    await pass(2_000, 50);
    expect([client.kinds, client.seen()]).toEqual([['Snapshot'], ['bob ONLINE']]);
  });

  it('P8: a change of relation meanwhile is in the resync', async () => {
    const { connect, store, stores, nodes, pass, relate } = createCluster();
    await store.connect(key, defaultSettings);
    const client = await connect(ada, { userIds: ['bob'] }, undefined, nodes[1]);
    await settle();
    stores[1].lose();
    await relate('ada', 'bob', 'BLOCKED');
    await pass(2_000, 50);
    await store.update(key, { isAway: true });
    await pass(2_000, 50);
    expect([client.kinds, client.seen()]).toEqual([['Snapshot', 'Resync'], ['bob OFFLINE']]);
  });

  it('nothing waits for a subscription that has ended', async () => {
    const { connect, stores, nodes, close, scheduler } = createCluster();
    const client = await connect(ada, { userIds: ['bob'] }, undefined, nodes[1]);
    stores[1].lose();
    await client.leave();
    await settle();
    await close();
    expect(scheduler.waiting).toBe(0);
  });
});
