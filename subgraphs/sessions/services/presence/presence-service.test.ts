import { describe, expect, it } from '@jest/globals';
import { createRevocations } from '../../../../shared/auth/revocations.js';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { createLogger } from '../../../../shared/logging/logger.js';
import { createInProcessPresenceStore } from '../../data/in-process-presence-store.js';
import { defaultSettings } from '../../presence/presence.js';
import { createVirtualScheduler } from '../../presence/virtual-scheduler.js';
import { createFakeRelations, createFakeSettings } from './presence-fakes.js';
import type { PresenceEntriesMessage, PresenceMessage } from './presence-messages.js';
import { createPresenceService } from './presence-service.js';
import type { PresenceRequest } from './presence-subscriptions.js';

function create(friends: readonly string[] = [], blocked: readonly string[] = []) {
  const scheduler = createVirtualScheduler();
  const settings = createFakeSettings();
  const revocations = createRevocations(() => scheduler.now());
  const logger = createLogger({ name: 'test', level: 'silent' });
  const relations = createFakeRelations(scheduler);
  for (const userId of ['ada', 'bob']) {
    for (const friend of friends) if (friend !== userId) relations.set(userId, friend, 'FRIEND');
    for (const other of blocked) if (other !== userId) relations.set(userId, other, 'BLOCKED');
  }
  const store = createInProcessPresenceStore({ scheduler });
  const knownUsers = { among: (userIds: readonly string[]) => Promise.resolve(new Set(userIds)) };
  const presence = createPresenceService({
    store,
    settings,
    relations,
    history: relations.history,
    knownUsers,
    revocations,
    scheduler,
    logger,
  });
  return {
    scheduler,
    settings,
    revocations,
    presence,
    store,
    availability: async (userId: string, viewer: Viewer | null = null) =>
      (await presence.view(viewer, [userId])).map(({ availability }) => availability).join(),
    /** Subscribes like a client on a socket of its own. */
    watch: async (viewer: Viewer | null, userIds: readonly string[], more: Partial<PresenceRequest> = {}) => {
      const controller = new AbortController();
      const messages = await presence.subscribe(
        viewer,
        { friends: false, userIds, since: null, ...more },
        { id: 'socket', signal: controller.signal },
      );
      const received = readAll(messages);
      return {
        /** What was received and not asked for yet. */
        received,
        next: async (): Promise<PresenceEntriesMessage> => {
          for (let turn = 0; received.length === 0 && turn < 20; turn += 1) await settle();
          const message = received.shift();
          if (message === undefined || !('entries' in message)) throw new Error(`Received ${JSON.stringify(message)}`);
          return message;
        },
        leave: async (code: number) => {
          controller.abort({ code });
          await messages.return?.();
        },
      };
    },
  };
}

function person(userId: string, sessionId = `${userId}’s phone`): Viewer {
  return { userId, sessionId, username: userId, roles: ['USER'], authenticatedAt: 0, expiresAt: Infinity };
}
const [ada, bob] = [person('ada'), person('bob')];
const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `user ${index}`);

/** Reads like a client that keeps up. */
function readAll(messages: AsyncIterable<PresenceMessage>): PresenceMessage[] {
  const received: PresenceMessage[] = [];
  void (async () => {
    for await (const message of messages) received.push(message);
  })();
  return received;
}

/** Lets what is under way go on until it waits for time. */
async function settle(): Promise<void> {
  await new Promise(setImmediate);
}

describe('Subscribing to presence', () => {
  it('is refused to an anonymous caller, and for nobody or too many to follow', async () => {
    const { watch } = create();
    await expect(watch(null, ['bob'])).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(watch(ada, [])).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    await expect(watch(ada, ids(501))).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect((await (await watch(ada, ids(500))).next()).entries).toHaveLength(500);
    expect((await (await watch(ada, [...ids(500), ...ids(500)])).next()).entries).toHaveLength(500);
    expect((await (await watch(ada, [], { friends: true })).next()).entries).toEqual([]);
  });

  it('follows friends and others, each once', async () => {
    const { watch } = create(['bob', 'eve']);
    const { entries } = await (await watch(ada, ['eve', 'ada'], { friends: true })).next();
    expect(entries.map(({ userId }) => userId)).toEqual(['eve', 'ada', 'bob']);
  });

  it('makes the session online for as long as it is open, and longer than a lease', async () => {
    const { watch, availability, scheduler } = create();
    const { leave } = await watch(ada, ['bob']);
    for (let time = 0; time < 200_000; time += 15_000) {
      scheduler.advance(15_000);
      await settle();
    }
    expect(await availability('ada')).toBe('ONLINE');
    await leave(1000);
    scheduler.advance(2_999);
    expect(await availability('ada')).toBe('ONLINE');
    scheduler.advance(1);
    expect(await availability('ada')).toBe('OFFLINE');
  });

  it('gives an abrupt loss 15 s, and tells nobody when the session comes back in time', async () => {
    const { watch, availability, scheduler } = create();
    const first = await watch(ada, ['bob']);
    const watching = await watch(bob, ['ada']);
    await watching.next();
    await first.leave(1006);
    scheduler.advance(14_999);
    const second = await watch(ada, ['bob']);
    scheduler.advance(20_000);
    await settle();
    expect([watching.received.length, await availability('ada')]).toEqual([0, 'ONLINE']);
    await second.leave(1006);
    scheduler.advance(15_000);
    await settle();
    expect([watching.received.length, await availability('ada')]).toEqual([1, 'OFFLINE']);
  });

  it('leaves the lease alone when this process restarts', async () => {
    const { watch, availability, scheduler } = create();
    const { leave } = await watch(ada, ['bob']);
    await leave(1012);
    scheduler.advance(44_999);
    expect(await availability('ada')).toBe('ONLINE');
    scheduler.advance(1);
    expect(await availability('ada')).toBe('OFFLINE');
  });

  it('counts two subscriptions of one socket as two connections', async () => {
    const { watch, availability, scheduler } = create();
    const [first, second] = [await watch(ada, ['bob']), await watch(ada, ['eve'])];
    await first.leave(0);
    scheduler.advance(40_000);
    expect(await availability('ada')).toBe('ONLINE');
    await second.leave(0);
    scheduler.advance(3_000);
    expect(await availability('ada')).toBe('OFFLINE');
  });

  it('ends with the signal alone, should nobody return the iterator', async () => {
    const { presence, availability, scheduler } = create();
    const controller = new AbortController();
    const request = { friends: false, userIds: ['bob'], since: null };
    const messages = await presence.subscribe(ada, request, { id: 'socket', signal: controller.signal });
    await messages.next();
    const waiting = messages.next();
    controller.abort({ code: 1000 });
    expect((await waiting).done).toBe(true);
    scheduler.advance(3_000);
    expect(await availability('ada')).toBe('OFFLINE');
  });

  it('is over before it began when the client has left meanwhile', async () => {
    const { presence, availability, scheduler } = create();
    const request = { friends: false, userIds: ['bob'], since: null };
    const messages = await presence.subscribe(ada, request, { id: 'socket', signal: AbortSignal.abort({ code: 1000 }) });
    expect((await messages.next()).done).toBe(true);
    scheduler.advance(3_000);
    expect(await availability('ada')).toBe('OFFLINE');
  });

  it('leaves nothing behind after a thousand subscriptions', async () => {
    const { presence, scheduler, store } = create();
    const controller = new AbortController();
    const listeners: unknown[] = [];
    const signal = Object.assign(controller.signal, {});
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...given: Parameters<typeof add>) => {
      listeners.push(given[1]);
      add(...given);
    };
    signal.removeEventListener = (...given: Parameters<typeof remove>) => {
      listeners.splice(listeners.indexOf(given[1]), 1);
      remove(...given);
    };
    for (let round = 0; round < 1_000; round += 1) {
      const messages = await presence.subscribe(ada, { friends: false, userIds: ['bob', 'ada'], since: null }, { id: 'socket', signal });
      await messages.next();
      const waiting = messages.next();
      await messages.return?.();
      await waiting;
    }
    expect(listeners).toEqual([]);
    scheduler.advance(15_000);
    const { states } = await store.read(['ada']);
    expect(states[0]).toMatchObject({ availability: 'OFFLINE', devices: 0 });
    // Nobody listens to this change any more, so that nothing waits for its pace.
    await presence.close();
    await store.close();
    expect(scheduler.waiting).toBe(0);
  });

  it('starts anew for a cursor that it cannot read, and gives a snapshot for one of more than 120 s ago', async () => {
    const { watch, scheduler } = create();
    const { cursor } = await (await watch(ada, ['bob'])).next();
    expect((await (await watch(ada, ['bob'], { since: cursor })).next()).kind).toBe('Changed');
    expect((await (await watch(ada, ['bob'], { since: '' })).next()).kind).toBe('Resync');
    expect((await (await watch(ada, ['bob'], { since: 'x'.repeat(10_000) })).next()).kind).toBe('Resync');
    const elsewhere = create();
    expect((await (await elsewhere.watch(ada, ['bob'], { since: cursor })).next()).kind).toBe('Resync');
    scheduler.advance(120_000);
    expect((await (await watch(ada, ['bob'], { since: cursor })).next()).kind).toBe('Changed');
    scheduler.advance(1);
    expect((await (await watch(ada, ['bob'], { since: cursor })).next()).kind).toBe('Snapshot');
  });
});

describe('A session that ends', () => {
  it('is offline at once, and its socket’s close does not give it a grace', async () => {
    const { watch, availability, revocations, scheduler } = create();
    const { leave } = await watch(ada, ['bob']);
    revocations.revoke({ sessionId: ada.sessionId, endedAt: scheduler.now() });
    await settle();
    expect(await availability('ada')).toBe('OFFLINE');
    await leave(4403);
    expect(await availability('ada')).toBe('OFFLINE');
  });

  it('cannot come online by a request that was under way', async () => {
    const { presence, watch, availability, revocations, scheduler } = create();
    revocations.revoke({ sessionId: ada.sessionId, endedAt: scheduler.now() });
    await presence.heartbeat(ada);
    expect(await availability('ada')).toBe('OFFLINE');
    await watch(ada, ['bob']);
    expect(await availability('ada')).toBe('OFFLINE');
  });

  it('does not flicker when only its token has expired', async () => {
    const { watch, availability, scheduler } = create();
    const { leave } = await watch(ada, ['bob']);
    await leave(4403);
    scheduler.advance(14_999);
    expect(await availability('ada')).toBe('ONLINE');
  });
});

describe('Without a socket', () => {
  it('a heartbeat keeps a session online for 45 s, and counts as one device however often it comes', async () => {
    const { presence, availability, scheduler } = create();
    await presence.heartbeat(ada);
    scheduler.advance(15_000);
    expect((await presence.heartbeat(ada)).devices).toBe(1);
    scheduler.advance(44_999);
    expect(await availability('ada')).toBe('ONLINE');
    scheduler.advance(1);
    expect(await availability('ada')).toBe('OFFLINE');
  });

  it('goOffline works at once, and lasts until the next subscription or heartbeat', async () => {
    const { presence, watch, availability, scheduler } = create();
    await watch(ada, ['bob']);
    expect((await presence.goOffline(ada)).availability).toBe('OFFLINE');
    scheduler.advance(15_000);
    await settle();
    expect(await availability('ada')).toBe('OFFLINE');
    await presence.heartbeat(ada);
    expect(await availability('ada')).toBe('ONLINE');
  });

  it.each(['heartbeat', 'goOffline'] as const)('%s is refused to an anonymous caller', async (method) => {
    await expect(create().presence[method](null)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

describe('What is declared too often', () => {
  const lobby = (text: string) => ({ activity: { kind: 'LOBBY', text } }) as const;

  it('P6: takes effect for the fifth update in 20 s at once, and for the sixth at the end of that time', async () => {
    const { presence, scheduler } = create();
    await presence.heartbeat(ada);
    const textSeen = async () => (await presence.view(bob, ['ada']))[0]?.activity?.text;
    for (const text of ['1', '2', '3', '4', '5']) await presence.update(ada, lobby(text));
    expect(await textSeen()).toBe('5');
    expect(await presence.update(ada, lobby('6'))).toMatchObject({ kind: 'Updated', presence: { activity: { text: '6' } } });
    const merged = await presence.update(ada, { statusMessage: 'seven', availability: 'BUSY' });
    expect(merged).toMatchObject({ presence: { availability: 'BUSY', statusMessage: 'seven', activity: { text: '6' } } });
    expect(await textSeen()).toBe('5');
    scheduler.advance(19_999);
    await settle();
    expect(await textSeen()).toBe('5');
    scheduler.advance(1);
    await settle();
    expect((await presence.view(bob, ['ada']))[0]).toMatchObject({
      availability: 'BUSY',
      statusMessage: 'seven',
      activity: { text: '6' },
    });
  });

  it('P6: is refused as ever when it is not valid, and does not count', async () => {
    const { presence } = create();
    for (let index = 0; index < 10; index += 1) {
      expect((await presence.update(ada, { statusMessage: 'x'.repeat(129) })).kind).toBe('InvalidInput');
    }
    await presence.heartbeat(ada);
    await presence.update(ada, { statusMessage: 'x' });
    expect((await presence.view(bob, ['ada']))[0]?.statusMessage).toBe('x');
  });

  it.each([
    [{ availability: 'AWAY' }, 'AWAY'],
    [{ availability: 'BUSY' }, 'BUSY'],
    [{ availability: 'ONLINE' }, 'ONLINE'],
    [{ statusMessage: 'hi' }, 'ONLINE'],
  ] as const)('P6: answers what it will be: %j', async (input, availability) => {
    const { presence, scheduler } = create();
    await presence.heartbeat(ada);
    for (let index = 0; index < 5; index += 1) await presence.update(ada, {});
    expect(await presence.update(ada, input)).toMatchObject({ presence: { availability } });
    await presence.heartbeat(ada);
    scheduler.advance(20_000);
    await settle();
    expect((await presence.view(ada, ['ada']))[0]).toMatchObject({ availability });
  });

  it('P6: ends with the session when it goes offline, but for what is the user’s own', async () => {
    const { presence, scheduler } = create();
    await presence.heartbeat(ada);
    for (let index = 0; index < 5; index += 1) await presence.update(ada, {});
    await presence.update(ada, { ...lobby('never seen'), statusMessage: 'seen' });
    await presence.goOffline(ada);
    scheduler.advance(20_000);
    await settle();
    await presence.heartbeat(ada);
    expect((await presence.view(ada, ['ada']))[0]).toMatchObject({ availability: 'ONLINE', activity: null, statusMessage: 'seen' });
  });

  it('P6: is not lost when the process stops', async () => {
    const { presence, settings } = create();
    for (let index = 0; index < 5; index += 1) await presence.update(ada, { statusMessage: `${index}` });
    await presence.update(ada, { statusMessage: 'last' });
    await presence.close();
    expect(settings.rows.get('ada')?.settings.statusMessage).toBe('last');
  });

  it('costs the store nothing for the sixth heartbeat in 20 s, which keeps the session online all the same', async () => {
    const { presence, store, scheduler, availability } = create();
    let told = 0;
    store.listen({ onChange: () => (told += 1) });
    for (let index = 0; index < 5; index += 1) {
      await presence.heartbeat(ada);
      await presence.goOffline(ada);
    }
    expect(told).toBe(10);
    expect((await presence.heartbeat(ada)).availability).toBe('OFFLINE');
    expect(told).toBe(10);
    scheduler.advance(20_000);
    await settle();
    expect(await availability('ada')).toBe('ONLINE');
  });
});

describe('Friends who are online', () => {
  const page = { limit: 100, after: null };

  it('are refused to an anonymous caller', async () => {
    await expect(create().presence.onlineFriends(null, page)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('P11: are those who let it be seen, and no others', async () => {
    const { presence } = create(['away', 'gone', 'here', 'hidden'], ['blocked']);
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
    const { presence } = create(friends.toReversed());
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

describe('What others see', () => {
  it('of someone invisible is nothing, also after a restart of the store', async () => {
    const { presence, settings, scheduler } = create();
    await presence.heartbeat(ada);
    scheduler.advance(1_000);
    await settle();
    await presence.update(ada, { visibility: 'NOBODY', statusMessage: 'psst' });
    const hidden = { availability: 'OFFLINE', lastSeenAt: null, statusMessage: null, devices: null, visibility: null };
    expect((await presence.view(bob, ['ada']))[0]).toMatchObject(hidden);
    expect((await presence.view(ada, ['ada']))[0]).toMatchObject({ availability: 'ONLINE', visibility: 'NOBODY', devices: 1 });
    expect(settings.rows.get('ada')?.lastConnectionAt).toBeGreaterThan(0);

    const restarted = create();
    for (const [userId, row] of settings.rows) restarted.settings.rows.set(userId, row);
    expect((await restarted.presence.view(bob, ['ada']))[0]).toMatchObject(hidden);
    await restarted.presence.heartbeat(ada);
    expect((await restarted.presence.view(bob, ['ada']))[0]).toMatchObject(hidden);
  });

  it('of someone who was online before the store began is when, also when they have changed their settings since', async () => {
    const { presence, settings } = create();
    const lastConnectionAt = Date.UTC(2026, 10, 19, 8, 30);
    settings.rows.set('ada', { settings: defaultSettings, lastConnectionAt });
    expect((await presence.view(bob, ['ada']))[0]).toMatchObject({ availability: 'OFFLINE', lastSeenAt: lastConnectionAt });
    await presence.update(ada, { statusMessage: 'hi' });
    expect((await presence.view(bob, ['ada']))[0]).toMatchObject({ availability: 'OFFLINE', lastSeenAt: lastConnectionAt });
  });

  it('SECURITY 46: of someone blocked, either way, is that of a user of whom nothing is known', async () => {
    const { presence, watch, scheduler, settings } = create([], ['bob']);
    const { leave } = await watch(bob, ['bob']);
    await presence.update(bob, { statusMessage: 'Come in', activity: { kind: 'LOBBY', text: 'Chess' } });
    const [unknown] = await presence.view(ada, ['nobody here']);
    expect(await presence.view(ada, ['bob'])).toEqual([{ ...unknown, userId: 'bob' }]);
    await leave(1000);
    scheduler.advance(600_000);
    await settle();
    expect(settings.rows.get('bob')?.lastConnectionAt).not.toBeNull();
    expect(await presence.view(ada, ['bob'])).toEqual([{ ...unknown, userId: 'bob' }]);
  });

  it('SECURITY 46: of someone blocked, either way, never changes for a follower, and stands where that of anybody else would', async () => {
    const { presence, watch } = create([], ['bob']);
    const follower = await watch(ada, ['x', 'bob', 'y']);
    expect((await follower.next()).entries.map(({ userId, availability }) => [userId, availability])).toEqual([
      ['x', 'OFFLINE'],
      ['bob', 'OFFLINE'],
      ['y', 'OFFLINE'],
    ]);
    await presence.heartbeat(bob);
    await presence.heartbeat(person('y'));
    expect((await follower.next()).entries.map(({ userId }) => userId)).toEqual(['y']);
  });

  it('of someone who shows themself to friends is for friends alone', async () => {
    const [toFriend, toStranger] = [create(['ada']), create()];
    for (const { presence } of [toFriend, toStranger]) {
      await presence.update(ada, { visibility: 'FRIENDS' });
      await presence.heartbeat(ada);
    }
    expect([await toFriend.availability('ada', bob), await toFriend.availability('ada', null)]).toEqual(['ONLINE', 'OFFLINE']);
    expect(await toStranger.availability('ada', bob)).toBe('OFFLINE');
  });
});

describe('The last connection', () => {
  it('is written soon after coming and going, and every 5 min in between', async () => {
    const { watch, settings, scheduler } = create();
    const written = () => settings.rows.get('ada')?.lastConnectionAt;
    const start = scheduler.now();
    const { leave } = await watch(ada, ['bob']);
    scheduler.advance(1_000);
    await settle();
    expect(written()).toBe(start);
    for (let time = 0; time < 5 * 60_000; time += 15_000) {
      scheduler.advance(15_000);
      await settle();
    }
    expect(written()).toBe(start + 5 * 60_000);
    const left = scheduler.now();
    await leave(1000);
    scheduler.advance(4_000);
    await settle();
    expect(written()).toBe(left);
  });

  it('is written for everyone online when the process stops', async () => {
    const { watch, presence, settings, scheduler } = create();
    await watch(ada, ['bob']);
    scheduler.advance(10_000);
    await presence.close();
    expect(settings.rows.get('ada')?.lastConnectionAt).toBe(scheduler.now());
  });
});
