import { describe, expect, it } from '@jest/globals';
import { createOneService } from './tests/one-service.js';
import { person, settle } from './tests/presence-harness.js';

const [ada, bob] = [person('ada'), person('bob')];
const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `user ${index}`);

describe('Subscribing to presence', () => {
  it('is refused to an anonymous caller, and for nobody or too many to follow', async () => {
    const { watch } = createOneService();
    await expect(watch(null, ['bob'])).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(watch(ada, [])).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    await expect(watch(ada, ids(501))).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect((await (await watch(ada, ids(500))).next()).entries).toHaveLength(500);
    expect((await (await watch(ada, [...ids(500), ...ids(500)])).next()).entries).toHaveLength(500);
    expect((await (await watch(ada, [], { friends: true })).next()).entries).toEqual([]);
  });

  it('follows friends and others, each once', async () => {
    const { watch } = createOneService(['bob', 'eve']);
    const { entries } = await (await watch(ada, ['eve', 'ada'], { friends: true })).next();
    expect(entries.map(({ userId }) => userId)).toEqual(['eve', 'ada', 'bob']);
  });

  it('makes the session online for as long as it is open, and longer than a lease', async () => {
    const { watch, availability, scheduler } = createOneService();
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
    const { watch, availability, scheduler } = createOneService();
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
    const { watch, availability, scheduler } = createOneService();
    const { leave } = await watch(ada, ['bob']);
    await leave(1012);
    scheduler.advance(44_999);
    expect(await availability('ada')).toBe('ONLINE');
    scheduler.advance(1);
    expect(await availability('ada')).toBe('OFFLINE');
  });

  it('counts two subscriptions of one socket as two connections', async () => {
    const { watch, availability, scheduler } = createOneService();
    const [first, second] = [await watch(ada, ['bob']), await watch(ada, ['eve'])];
    await first.leave(0);
    scheduler.advance(40_000);
    expect(await availability('ada')).toBe('ONLINE');
    await second.leave(0);
    scheduler.advance(3_000);
    expect(await availability('ada')).toBe('OFFLINE');
  });

  it('ends with the signal alone, should nobody return the iterator', async () => {
    const { presence, availability, scheduler } = createOneService();
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
    const { presence, availability, scheduler } = createOneService();
    const request = { friends: false, userIds: ['bob'], since: null };
    const messages = await presence.subscribe(ada, request, { id: 'socket', signal: AbortSignal.abort({ code: 1000 }) });
    expect((await messages.next()).done).toBe(true);
    scheduler.advance(3_000);
    expect(await availability('ada')).toBe('OFFLINE');
  });

  it('leaves nothing behind after a thousand subscriptions', async () => {
    const { presence, scheduler, store } = createOneService();
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

  it('P7: gives a snapshot for a cursor that it cannot read, or of more than 120 s ago, and a resync for one of another life', async () => {
    const { watch, scheduler } = createOneService();
    const { cursor } = await (await watch(ada, ['bob'])).next();
    expect((await (await watch(ada, ['bob'], { since: cursor })).next()).kind).toBe('Changed');
    expect((await (await watch(ada, ['bob'], { since: '' })).next()).kind).toBe('Snapshot');
    expect((await (await watch(ada, ['bob'], { since: 'x'.repeat(10_000) })).next()).kind).toBe('Snapshot');
    const elsewhere = createOneService();
    expect((await (await elsewhere.watch(ada, ['bob'], { since: cursor })).next()).kind).toBe('Resync');
    scheduler.advance(120_000);
    expect((await (await watch(ada, ['bob'], { since: cursor })).next()).kind).toBe('Changed');
    scheduler.advance(1);
    expect((await (await watch(ada, ['bob'], { since: cursor })).next()).kind).toBe('Snapshot');
  });
});

describe('A session that ends', () => {
  it('is offline at once, and its socket’s close does not give it a grace', async () => {
    const { watch, availability, revocations, scheduler } = createOneService();
    const { leave } = await watch(ada, ['bob']);
    revocations.revoke({ sessionId: ada.sessionId, endedAt: scheduler.now() });
    await settle();
    expect(await availability('ada')).toBe('OFFLINE');
    await leave(4403);
    expect(await availability('ada')).toBe('OFFLINE');
  });

  it('cannot come online by a request that was under way', async () => {
    const { presence, watch, availability, revocations, scheduler } = createOneService();
    revocations.revoke({ sessionId: ada.sessionId, endedAt: scheduler.now() });
    await presence.heartbeat(ada);
    expect(await availability('ada')).toBe('OFFLINE');
    await watch(ada, ['bob']);
    expect(await availability('ada')).toBe('OFFLINE');
  });

  it('does not flicker when only its token has expired', async () => {
    const { watch, availability, scheduler } = createOneService();
    const { leave } = await watch(ada, ['bob']);
    await leave(4403);
    scheduler.advance(14_999);
    expect(await availability('ada')).toBe('ONLINE');
  });
});
