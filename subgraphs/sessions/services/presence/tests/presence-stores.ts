import type { Scheduler } from '../../../presence/scheduler.js';
import type { PresenceListener, PresenceMoment, PresenceStore } from '../presence-store.js';

/** One store of several shards made of `shards` stores of one each. The user `x…` is in the shard that the last letter of the id names. */
export function createShardedStore(shards: readonly PresenceStore[]): PresenceStore {
  const shardOf = (userId: string): number => (userId.codePointAt(userId.length - 1) ?? 0) % shards.length;
  const storeOf = (userId: string): PresenceStore => {
    const store = shards[shardOf(userId)];
    if (store === undefined) throw new Error('There is no such shard');
    return store;
  };
  const joined = (moments: readonly (readonly [shard: number, moment: PresenceMoment])[]): PresenceMoment => ({
    epoch: 'shards',
    offsets: new Map(moments.map(([shard, { offsets }]) => [shard, offsets.get(0) ?? 0])),
  });
  const grouped = (userIds: readonly string[]): ReadonlyMap<number, readonly string[]> => {
    const groups = new Map<number, string[]>();
    for (const userId of userIds) groups.set(shardOf(userId), [...(groups.get(shardOf(userId)) ?? []), userId]);
    return groups;
  };

  return {
    connect: (key, settings) => storeOf(key.userId).connect(key, settings),
    renew: async (keys) => (await Promise.all(keys.map((key) => storeOf(key.userId).renew([key])))).flat(),
    leave: (key, graceMs) => storeOf(key.userId).leave(key, graceMs),
    endSession: (session) => storeOf(session.userId).endSession(session),
    update: (session, update) => storeOf(session.userId).update(session, update),
    takeInput: (session, fields, most) => storeOf(session.userId).takeInput(session, fields, most),
    async read(userIds) {
      const parts = await Promise.all(
        [...grouped(userIds)].map(async ([shard, ids]) => [shard, await storeOf(ids[0] ?? '').read(ids)] as const),
      );
      const states = new Map(parts.flatMap(([, part]) => part.states.map((state) => [state.userId, state])));
      return {
        moment: joined(parts.map(([shard, part]) => [shard, part.moment])),
        states: userIds.flatMap((userId) => states.get(userId) ?? []),
      };
    },
    async readChanges(users, since) {
      if (since.epoch !== 'shards') return { kind: 'UnknownEpoch' };
      const parts = await Promise.all(
        [...grouped([...users.keys()])].map(async ([shard, ids]) => {
          const store = storeOf(ids[0] ?? '');
          const offset = since.offsets.get(shard);
          const followed = new Map([...users].filter(([userId]) => ids.includes(userId)));
          const offsets = new Map(offset === undefined ? [] : [[0, offset]]);
          return [shard, await store.readChanges(followed, { epoch: store.heard().epoch, offsets })] as const;
        }),
      );
      const read = parts.flatMap(([shard, part]) => (part.kind === 'Changes' ? [[shard, part] as const] : []));
      const bad = parts.find(([, { kind }]) => kind !== 'Changes')?.[1];
      if (bad !== undefined) return bad;
      return {
        kind: 'Changes',
        moment: joined(read.map(([shard, { moment }]) => [shard, moment])),
        states: read.flatMap(([, { states }]) => states),
      };
    },
    async renewVersions(userIds) {
      for (const userId of userIds) await storeOf(userId).renewVersions([userId]);
    },
    shardOf,
    heard: () => joined(shards.map((store, shard) => [shard, store.heard()])),
    async announce(notice) {
      await storeOf(notice.userId).announce(notice);
      if (notice.kind === 'RelationChanged' && shardOf(notice.otherId) !== shardOf(notice.userId)) {
        await storeOf(notice.otherId).announce(notice);
      }
    },
    listen(listener) {
      const stops = shards.map((store, shard) =>
        store.listen({
          onChange: (change) => listener.onChange?.({ ...change, position: { ...change.position, shard } }),
          onNotice: (notice, position) => listener.onNotice?.(notice, { ...position, shard }),
        }),
      );
      return () => {
        for (const stop of stops) stop();
      };
    },
    ping: () => Promise.resolve(),
    async close() {
      for (const store of shards) await store.close();
    },
  };
}

/** The store as one of several processes sees it: it hears what happens late, and makes what it is asked to make. */
export interface PresenceNode extends PresenceStore {
  /** Lets the node hear everything that has happened, or only what has in one shard. */
  catchUp(shard?: number): void;
  /** The node has lost everything, and hears on from now. It has known these to be online. */
  lose(online?: readonly string[]): void;
  /** Whether the store cannot be reached from the node. */
  setDown(isDown: boolean): void;
}

interface NodeOptions {
  readonly scheduler: Scheduler;
  /** What a change takes to the node, in ms, for each anew; shards do not wait for each other. */
  readonly delay: () => number;
  /** What an answer to a reading takes to come back to the node, in ms. */
  readonly readDelay?: () => number;
}

/** Two processes; leases that run out are found by the first. */
export function createPresenceNodes(store: PresenceStore, options: NodeOptions): readonly [PresenceNode, PresenceNode] {
  const maker = { current: 0 };
  return [createNode(store, { ...options, maker, index: 0 }), createNode(store, { ...options, maker, index: 1 })];
}

function createNode(
  store: PresenceStore,
  { scheduler, delay, readDelay = () => 0, maker, index }: NodeOptions & { readonly maker: { current: number }; readonly index: number },
): PresenceNode {
  const listeners = new Set<PresenceListener>();
  const queues = new Map<number, { readonly offset: number; readonly tell: (listener: PresenceListener) => void }[]>();
  const heard = new Map(store.heard().offsets);

  const stop = store.listen({
    onChange(change) {
      const madeHere = maker.current === index;
      enqueue(change.position.shard, change.position.offset, (listener) => listener.onChange?.({ ...change, madeHere }));
    },
    onNotice: (notice, position) => enqueue(position.shard, position.offset, (listener) => listener.onNotice?.(notice, position)),
  });

  function enqueue(shard: number, offset: number, tell: (listener: PresenceListener) => void): void {
    const queue = queues.get(shard) ?? [];
    queues.set(shard, queue);
    queue.push({ offset, tell });
    const wait = delay();
    if (wait <= 0 && queue.length === 1) tellUpTo(shard, offset);
    else scheduler.after(wait, () => tellUpTo(shard, offset));
  }

  function tellUpTo(shard: number, offset: number): void {
    const queue = queues.get(shard) ?? [];
    for (let next = queue[0]; next !== undefined && next.offset <= offset; next = queue[0]) {
      queue.shift();
      heard.set(shard, next.offset);
      for (const listener of [...listeners]) next.tell(listener);
    }
  }

  let isDown = false;

  /** Stores in this process tell what a call makes before they return. */
  function here<Result>(work: () => Promise<Result>): Promise<Result> {
    if (isDown) return Promise.reject(new Error('down'));
    maker.current = index;
    try {
      return work();
    } finally {
      maker.current = 0;
    }
  }

  async function late<Result>(reading: Promise<Result>): Promise<Result> {
    const result = await reading;
    const wait = readDelay();
    if (wait > 0) await new Promise<void>((resolve) => scheduler.after(wait, resolve));
    return result;
  }

  return {
    ...store,
    connect: (key, settings) => here(() => store.connect(key, settings)),
    leave: (key, graceMs) => here(() => store.leave(key, graceMs)),
    endSession: (session) => here(() => store.endSession(session)),
    update: (session, update) => here(() => store.update(session, update)),
    takeInput: (session, fields, most) => here(() => store.takeInput(session, fields, most)),
    renew: (keys) => here(() => store.renew(keys)),
    read: (userIds) => late(here(() => store.read(userIds))),
    readChanges: (users, since) => late(here(() => store.readChanges(users, since))),
    renewVersions: (userIds) => here(() => store.renewVersions(userIds)),
    announce: (notice) => here(() => store.announce(notice)),
    setDown: (down) => void (isDown = down),
    heard: () => ({ epoch: store.heard().epoch, offsets: new Map(heard) }),
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    catchUp(only) {
      for (const shard of queues.keys()) if (only === undefined || only === shard) tellUpTo(shard, Infinity);
    },
    lose(online = []) {
      queues.clear();
      for (const [shard, offset] of store.heard().offsets) heard.set(shard, offset);
      for (const listener of [...listeners]) listener.onLost?.({ wasOnline: (userId) => online.includes(userId) });
    },
    close() {
      stop();
      listeners.clear();
      return Promise.resolve();
    },
  };
}
