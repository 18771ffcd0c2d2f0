import { describe, expect, it } from '@jest/globals';
import { defaultSettings, type PresenceSettings } from '../../../presence/presence.js';
import { createCluster, person, settle } from '../tests/presence-harness.js';

const [ada, bob] = [person('ada'), person('bob')];
const key = { userId: 'bob', sessionId: 's', connectionId: 'c' };
const forFriends: PresenceSettings = { ...defaultSettings, revision: 1, visibility: 'FRIENDS' };

type Cluster = ReturnType<typeof createCluster>;

/** Bob is online and ada follows him, in the second process, by `how`. */
async function follow(
  how: 'as a friend' | 'by id' | 'both ways',
  settings = defaultSettings,
  cluster: Cluster = createCluster({ shards: 2 }),
) {
  if (how !== 'by id') cluster.relations.set('ada', 'bob', 'FRIEND');
  await cluster.store.connect(key, settings);
  const request = { friends: how !== 'by id', userIds: how === 'as a friend' ? [] : ['bob'] };
  const client = await cluster.connect(ada, request, undefined, cluster.nodes[1]);
  await settle();
  return { ...cluster, client, request };
}

/** Bob does something that everyone who may see him would hear of. */
async function stir({ store, pass }: Pick<Cluster, 'store' | 'pass'>): Promise<void> {
  await store.update(key, { isAway: true });
  await pass(500);
  await store.update(key, { isAway: false });
  await pass(500);
}

describe('Blocking', () => {
  it.each(['as a friend', 'by id', 'both ways'] as const)(
    'P8: removes somebody followed %s, on every process, and nothing more is heard',
    async (how) => {
      const { client, relate, ...cluster } = await follow(how);
      expect(client.seen()).toEqual(['bob ONLINE']);
      await relate('ada', 'bob', 'BLOCKED');
      expect(client.messages.at(-1)).toMatchObject({ kind: 'Removed', userId: 'bob', reason: 'RELATION_CHANGED' });
      const told = client.kinds.length;
      await stir(cluster);
      await cluster.nodes[0].forget('bob');
      await settle();
      expect(client.kinds).toHaveLength(told);
    },
  );

  it('P8: holds back what happens while it is being read', async () => {
    const { client, relate, relations, ...cluster } = await follow('by id');
    const go = relations.pause();
    await relate('ada', 'bob', 'BLOCKED');
    await stir(cluster);
    expect(client.kinds).toEqual(['Snapshot']);
    go();
    await settle();
    expect(client.kinds).toEqual(['Snapshot', 'Removed']);
  });

  it('P8: holds back everything for as long as it cannot be read', async () => {
    const { client, stores, relations, pass, ...cluster } = await follow('by id');
    relations.set('ada', 'bob', 'BLOCKED');
    stores[1].setDown(true);
    await stores[0].announce({ kind: 'RelationChanged', userId: 'ada', otherId: 'bob' });
    await stir({ ...cluster, pass });
    expect(client.kinds).toEqual(['Snapshot']);
    stores[1].setDown(false);
    await pass(1_000);
    expect(client.kinds).toEqual(['Snapshot', 'Removed']);
  });

  it.each(['before', 'after'] as const)(
    'P8: is not overlooked when it happens while somebody subscribes, %s the relations were read',
    async (when) => {
      const cluster = createCluster();
      const { relations, relate, connect } = cluster;
      await cluster.store.connect(key, defaultSettings);
      const { among } = relations;
      let hasBlocked = false;
      relations.among = async (...given) => {
        const block = async (): Promise<void> => {
          if (hasBlocked) return;
          hasBlocked = true;
          await relate('ada', 'bob', 'BLOCKED');
        };
        if (when === 'before') await block();
        const read = await among(...given);
        if (when === 'after') await block();
        return read;
      };
      const client = await connect(ada, { userIds: ['bob'] });
      await stir(cluster);
      expect(client.seen()).toEqual(when === 'before' ? ['bob OFFLINE'] : []);
      // Not even for a moment.
      expect(JSON.stringify(client.messages)).not.toContain('ONLINE');
    },
  );

  it('P8, SECURITY 46: is not told to who asked for friends only and never was one', async () => {
    const { connect, relate, pass, relations } = createCluster();
    relations.set('ada', 'eve', 'FRIEND');
    const client = await connect(ada, { friends: true });
    await relate('ada', 'bob', 'BLOCKED');
    await pass(1_000);
    expect(client.kinds).toEqual(['Snapshot']);
    await client.leave();
    const back = await connect(ada, { friends: true, since: client.cursor() }, client);
    await settle();
    expect([back.kinds, back.seen()]).toEqual([['Changed'], ['eve OFFLINE']]);
  });

  it('P8: taken back, brings back who is followed by id, and nobody who was followed as a friend', async () => {
    const byId = await follow('by id');
    await byId.relate('ada', 'bob', 'BLOCKED');
    await byId.relate('ada', 'bob', undefined);
    expect([byId.client.kinds, byId.client.seen()]).toEqual([['Snapshot', 'Removed', 'Changed'], ['bob ONLINE']]);
    await stir(byId);
    expect(byId.client.kinds).toHaveLength(5);
    const asFriend = await follow('as a friend');
    await asFriend.relate('ada', 'bob', 'BLOCKED');
    await asFriend.relate('ada', 'bob', undefined);
    await stir(asFriend);
    expect(asFriend.client.kinds).toEqual(['Snapshot', 'Removed']);
  });

  it.each([
    [4_000, 1_000],
    [1_000, 4_000],
  ])('P8: comes before what either does after it, though the one is heard after %d ms and the other after %d', async (first, second) => {
    const waits: number[] = [];
    const cluster = createCluster({ shards: 64, delay: () => waits.shift() ?? 0 });
    const { client, relations, stores, store, pass } = await follow('by id', defaultSettings, cluster);
    relations.set('ada', 'bob', 'BLOCKED');
    // Each is heard by both processes.
    waits.push(first, first, second, second);
    await stores[0].announce({ kind: 'RelationChanged', userId: 'ada', otherId: 'bob' });
    await store.update(key, { isAway: true });
    await pass(6_000, 100);
    expect(client.kinds).toEqual(['Snapshot', 'Removed']);
  });

  describe.each(['stranger', 'friend'] as const)('of who looked like nobody when somebody subscribed, and is a %s now', (kind) => {
    it('P8: brings them, and keeps them through a resync', async () => {
      const cluster = createCluster({ shards: 2 });
      cluster.relations.set('ada', 'bob', 'BLOCKED');
      cluster.deleted.add('bob');
      const { client, relate, stores, pass } = await follow('by id', defaultSettings, cluster);
      expect([client.kinds, client.seen()]).toEqual([['Snapshot'], []]);
      await stir(cluster);
      expect(client.kinds).toEqual(['Snapshot']);
      cluster.deleted.delete('bob');
      await relate('ada', 'bob', kind === 'friend' ? 'FRIEND' : undefined);
      expect([client.kinds, client.seen()]).toEqual([['Snapshot', 'Changed'], ['bob ONLINE']]);
      await stir(cluster);
      expect(client.kinds).toHaveLength(4);
      stores[1].lose();
      await pass(2_000, 50);
      expect([client.kinds.at(-1), client.seen()]).toEqual(['Resync', ['bob ONLINE']]);
    });
  });

  it('P8: brings nobody back who is nobody still', async () => {
    const cluster = createCluster();
    cluster.relations.set('ada', 'bob', 'BLOCKED');
    cluster.deleted.add('bob');
    const { client, relate } = await follow('by id', defaultSettings, cluster);
    await relate('ada', 'bob', undefined);
    await stir(cluster);
    expect(client.kinds).toEqual(['Snapshot']);
  });

  it('P8: works for both at once, whichever of the two follows', async () => {
    const { connect, store, relate, nodes } = createCluster({ shards: 2 });
    await store.connect(key, defaultSettings);
    const clients = [await connect(ada, { userIds: ['bob'] }), await connect(bob, { userIds: ['ada'] }, undefined, nodes[1])];
    await settle();
    await relate('bob', 'ada', 'BLOCKED');
    expect(clients.map(({ kinds }) => kinds.at(-1))).toEqual(['Removed', 'Removed']);
  });
});

describe('A friendship', () => {
  it('P8: that ends removes who was followed as a friend', async () => {
    const { client, relate, ...cluster } = await follow('as a friend');
    await relate('ada', 'bob', undefined);
    await stir(cluster);
    expect(client.kinds).toEqual(['Snapshot', 'Removed']);
    expect(client.messages.at(-1)).toMatchObject({ userId: 'bob', reason: 'RELATION_CHANGED' });
  });

  it('P8: that ends shows who is followed by id as to a stranger, with a version that does not go back', async () => {
    const { client, relate, store, pass } = await follow('both ways', forFriends);
    // Strangers do not see these, and their version stands still.
    await stir({ store, pass });
    expect(client.view('bob')).toMatchObject({ availability: 'ONLINE' });
    await relate('ada', 'bob', undefined);
    expect(client.seen()).toEqual(['bob OFFLINE']);
    await stir({ store, pass });
    await store.update(key, { settings: { ...defaultSettings, revision: 2 } });
    await pass(500);
    expect([client.seen(), client.stepsBack()]).toEqual([['bob ONLINE'], 0]);
    expect(client.kinds).not.toContain('Removed');
  });

  it('P8: that begins brings an entry to who follows friends', async () => {
    const { connect, store, relate } = createCluster({ shards: 2 });
    await store.connect(key, forFriends);
    const client = await connect(ada, { friends: true });
    await settle();
    expect(client.seen()).toEqual([]);
    await relate('ada', 'bob', 'FRIEND');
    expect([client.kinds, client.seen()]).toEqual([['Snapshot', 'Changed'], ['bob ONLINE']]);
    await store.leave(key, 0);
    await settle();
    expect(client.seen()).toEqual(['bob OFFLINE']);
  });

  it('P8: that begins shows more of who is followed by id, with a version that does not go back', async () => {
    const { client, relate, store, pass } = await follow('by id');
    await store.update(key, { settings: forFriends });
    await pass(500);
    expect(client.seen()).toEqual(['bob OFFLINE']);
    await relate('ada', 'bob', 'FRIEND');
    expect([client.seen(), client.stepsBack()]).toEqual([['bob ONLINE'], 0]);
    await stir({ store, pass });
    expect(client.stepsBack()).toBe(0);
  });

  it('P8: that begins and ends at once is over, though the reading of its beginning comes back last', async () => {
    const waits = [0, 1_500, 0];
    const cluster = createCluster({ shards: 2, readDelay: () => waits.shift() ?? 0 });
    await cluster.store.connect(key, defaultSettings);
    const client = await cluster.connect(ada, { friends: true });
    await settle();
    await cluster.relate('ada', 'bob', 'FRIEND');
    await cluster.relate('ada', 'bob', undefined);
    await cluster.pass(2_000);
    await stir(cluster);
    expect(client.seen()).toEqual([]);
  });

  it('P8: is announced twice without being told twice', async () => {
    const { client, stores } = await follow('both ways');
    await stores[0].announce({ kind: 'RelationChanged', userId: 'ada', otherId: 'bob' });
    await settle();
    expect(client.kinds).toEqual(['Snapshot']);
  });

  it('is no concern of who follows others', async () => {
    const { connect, relate } = createCluster();
    const client = await connect(ada, { userIds: ['eve'] });
    await relate('ada', 'bob', 'FRIEND');
    await relate('bob', 'eve', 'FRIEND');
    expect(client.kinds).toEqual(['Snapshot']);
  });
});

describe('A version', () => {
  it.each([undefined, 'FRIEND'] as const)(
    'P7: is above the last one, also when whoever changed the relation (to %s) died meanwhile',
    async (kind) => {
      const { client, relations, stores, ...cluster } = await follow('both ways', forFriends);
      if (kind === 'FRIEND') await cluster.relate('ada', 'bob', undefined);
      await stir(cluster);
      const before = client.view('bob')?.version ?? Infinity;
      // Nobody has renewed any version.
      relations.set('ada', 'bob', kind);
      await stores[0].announce({ kind: 'RelationChanged', userId: 'ada', otherId: 'bob' });
      await settle();
      expect(client.view('bob')?.availability).toBe(kind === 'FRIEND' ? 'ONLINE' : 'OFFLINE');
      expect(client.view('bob')?.version).toBeGreaterThan(before);
    },
  );

  it('P7: is above the last one for who comes back after it', async () => {
    const { client, relations, connect, request, ...cluster } = await follow('both ways', forFriends);
    await stir(cluster);
    const before = client.view('bob')?.version ?? Infinity;
    await client.leave();
    relations.set('ada', 'bob', undefined);
    const back = await connect(ada, { ...request, since: client.cursor() }, client);
    await settle();
    expect([back.kinds, back.seen()]).toEqual([['Changed'], ['bob OFFLINE']]);
    expect(back.view('bob')?.version).toBeGreaterThan(before);
  });
});

describe('Coming back after a change of relation', () => {
  async function comeBack(
    how: 'as a friend' | 'by id' | 'both ways',
    change: (cluster: Cluster) => Promise<void>,
    settings = defaultSettings,
  ) {
    const { client, request, ...cluster } = await follow(how, settings);
    await stir(cluster);
    await client.leave();
    await cluster.pass(60_000, 15_000);
    await cluster.store.connect(key, settings);
    await change(cluster);
    const back = await cluster.connect(ada, { ...request, since: client.cursor() }, client);
    await settle();
    return back;
  }

  it.each(['as a friend', 'by id', 'both ways'] as const)('P7: forgets who has blocked meanwhile and was followed %s', async (how) => {
    const back = await comeBack(how, ({ relate }) => relate('ada', 'bob', 'BLOCKED'));
    expect([back.kinds, back.seen()]).toEqual([['Changed', 'Removed'], []]);
  });

  it('P7: forgets who has blocked, also when that was not announced yet when the client was told something last', async () => {
    const cluster = createCluster({ shards: 2 });
    const { connect, relations, store, pass } = cluster;
    await store.connect(key, defaultSettings);
    const client = await connect(ada, { userIds: ['bob', 'eve'] });
    await settle();
    relations.set('ada', 'bob', 'BLOCKED');
    await pass(5_000);
    await store.connect({ ...key, userId: 'eve' }, defaultSettings);
    await pass(500);
    await client.leave();
    const back = await connect(ada, { userIds: ['bob', 'eve'], since: client.cursor() }, client);
    await settle();
    expect([back.kinds, back.seen()]).toEqual([['Changed', 'Removed'], ['eve ONLINE']]);
  });

  it('P7: forgets who is a friend no more', async () => {
    const back = await comeBack('as a friend', ({ relate }) => relate('ada', 'bob', undefined));
    expect([back.kinds, back.seen()]).toEqual([['Changed', 'Removed'], []]);
  });

  it('P7: sees a former friend as a stranger does', async () => {
    const back = await comeBack('both ways', ({ relate }) => relate('ada', 'bob', undefined), forFriends);
    expect([back.kinds, back.seen(), back.stepsBack()]).toEqual([['Changed'], ['bob OFFLINE'], 0]);
  });

  it.each(['a snapshot', 'a resume'] as const)('P7: sees no version go back long after, by %s', async (how) => {
    const cluster = await follow('both ways', defaultSettings);
    const { client, request, connect, relate, store, pass } = cluster;
    // Friends see these, and strangers nothing.
    await store.update(key, { settings: forFriends });
    await pass(500);
    await stir(cluster);
    const told = client.view('bob')?.version ?? Infinity;
    await client.leave();
    await relate('ada', 'bob', 'BLOCKED');
    await relate('ada', 'bob', undefined);
    // Within 30 s of the change of relation, and then outside of it.
    const soon = await connect(ada, { ...request, since: client.cursor() }, client);
    await settle();
    await soon.leave();
    await pass(100_000, 15_000);
    const late = await connect(ada, { ...request, since: how === 'a resume' ? soon.cursor() : null }, soon);
    await settle();
    const versions = [told, soon.view('bob')?.version ?? 0, late.view('bob')?.version ?? 0];
    expect(versions).toEqual([...versions].sort((one, other) => one - other));
    // Bob has gone meanwhile, and comes back for everyone to see.
    await store.connect(key, { ...defaultSettings, revision: 2 });
    await pass(500);
    expect([late.kinds[0], late.seen()]).toEqual([how === 'a resume' ? 'Changed' : 'Snapshot', ['bob ONLINE']]);
    expect(soon.view('bob')?.version).toBeGreaterThan(told);
    expect([soon.stepsBack(), late.stepsBack()]).toEqual([0, 0]);
  });

  it('P7: sees a new friend', async () => {
    const { connect, store, relate, pass } = createCluster({ shards: 2 });
    await store.connect(key, defaultSettings);
    const client = await connect(ada, { friends: true });
    await settle();
    await client.leave();
    await pass(30_000, 15_000);
    await relate('ada', 'bob', 'FRIEND');
    const back = await connect(ada, { friends: true, since: client.cursor() }, client);
    await settle();
    expect([back.kinds, back.seen()]).toEqual([['Changed'], ['bob ONLINE']]);
  });

  it('P7: forgets a friend whose account is gone', async () => {
    const { client, request, ...cluster } = await follow('as a friend');
    await client.leave();
    cluster.relations.erase('bob');
    cluster.deleted.add('bob');
    await cluster.nodes[0].forget('bob');
    const back = await cluster.connect(ada, { ...request, since: client.cursor() }, client);
    await settle();
    expect([back.kinds, back.seen()]).toEqual([['Snapshot'], []]);
  });

  it('P7: hears nothing of who was blocked all the time', async () => {
    const cluster = createCluster({ shards: 2 });
    cluster.relations.set('ada', 'bob', 'BLOCKED');
    await cluster.store.connect(key, defaultSettings);
    await cluster.pass(60_000);
    const client = await cluster.connect(ada, { userIds: ['bob', 'eve'] });
    await settle();
    await client.leave();
    await stir(cluster);
    const back = await cluster.connect(ada, { userIds: ['bob', 'eve'], since: client.cursor() }, client);
    await settle();
    expect(back.messages).toMatchObject([{ kind: 'Changed', entries: [] }]);
  });

  it('P8: does not hear that somebody came whom they may not see', async () => {
    const { client, request, connect, store, nodes, pass } = await follow('by id');
    await store.leave(key, 0);
    await store.update(key, { settings: forFriends });
    await pass(1_000);
    await client.leave();
    const back = await connect(ada, { ...request, since: client.cursor() }, client, nodes[1]);
    await settle();
    const told = back.kinds.length;
    await store.connect(key, forFriends);
    await pass(1_000);
    expect(back.kinds).toHaveLength(told);
  });
});
