import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../../shared/logging/logger.js';
import { createInProcessPresenceStore } from '../../data/in-process-presence-store.js';
import type { ConnectionKey } from '../../presence/presence.js';
import { createVirtualScheduler } from '../../presence/virtual-scheduler.js';
import { createPresenceConnections, renewalMs } from './presence-connections.js';
import type { PresenceStore } from './presence-store.js';

function create() {
  const scheduler = createVirtualScheduler();
  let isDown = false;
  const stores = [createInProcessPresenceStore({ scheduler }), createInProcessPresenceStore({ scheduler })] as const;
  let current: PresenceStore = stores[0];
  let renewals = 0;
  const store: PresenceStore = {
    ...current,
    connect: (key, settings) => (isDown ? Promise.reject(new Error('down')) : current.connect(key, settings)),
    renew(keys) {
      renewals += 1;
      return isDown ? Promise.reject(new Error('down')) : current.renew(keys);
    },
    leave: (key, graceMs) => current.leave(key, graceMs),
  };
  const connections = createPresenceConnections({
    store,
    loadSettings: () => Promise.resolve(new Map()),
    random: () => 0.5,
    scheduler,
    logger: createLogger({ name: 'test', level: 'silent' }),
  });
  return {
    connections,
    scheduler,
    renewals: () => renewals,
    fail: (down: boolean) => void (isDown = down),
    loseEverything: () => void (current = stores[1]),
    online: async (userIds: readonly string[]) =>
      (await current.read(userIds)).states.filter(({ availability }) => availability !== 'OFFLINE').length,
    /** Lets time pass in the steps of the renewals. */
    pass: async (ms: number) => {
      for (let time = 0; time < ms; time += renewalMs) {
        scheduler.advance(renewalMs);
        for (let batch = 0; batch < 5; batch += 1) {
          await new Promise(setImmediate);
          scheduler.advance(0);
        }
      }
    },
  };
}

const key = (index: number): ConnectionKey => ({ userId: `user ${index}`, sessionId: `session ${index}`, connectionId: 'c' });
const keys = Array.from({ length: 2_500 }, (_, index) => key(index));

describe('Open connections', () => {
  it('are not open when the store cannot be reached', async () => {
    const { connections, fail, online, pass } = create();
    fail(true);
    await expect(connections.open(key(1))).rejects.toThrow('down');
    fail(false);
    expect(connections.ownerOf('session 1')).toBeUndefined();
    await pass(renewalMs);
    expect(await online(['user 1'])).toBe(0);
  });

  it('are counted as connections, sessions and users', async () => {
    const { connections } = create();
    expect(connections.count()).toEqual({ connections: 0, sessions: 0, users: 0 });
    await connections.open(key(1));
    await connections.open({ ...key(1), connectionId: 'another tab' });
    await connections.open({ ...key(1), sessionId: 'another device' });
    await connections.open(key(2));
    expect(connections.count()).toEqual({ connections: 4, sessions: 3, users: 2 });
    await connections.close(key(2), 0);
    expect(connections.count()).toEqual({ connections: 3, sessions: 2, users: 1 });
  });

  it('are renewed in batches for as long as they are open, and no longer', async () => {
    const { connections, online, pass, scheduler } = create();
    for (const each of keys) await connections.open(each);
    await pass(100_000);
    const userIds = keys.map(({ userId }) => userId);
    expect(await online(userIds)).toBe(2_500);
    for (const each of keys) await connections.close(each, null);
    await pass(60_000);
    expect([await online(userIds), scheduler.waiting]).toEqual([0, 0]);
  });

  it('P3: are renewed every 15 s, 1,000 at a time', async () => {
    const { connections, scheduler, renewals } = create();
    for (const each of keys) await connections.open(each);
    scheduler.advance(14_999);
    expect(renewals()).toBe(0);
    for (const round of [1, 2]) {
      scheduler.advance(round === 1 ? 1 : 15_000);
      for (let batch = 0; batch < 5; batch += 1) {
        await new Promise(setImmediate);
        scheduler.advance(0);
      }
      expect(renewals()).toBe(3 * round);
    }
  });

  it('P3: are renewed soon after a renewal has failed, and not more often than that', async () => {
    const { connections, fail, scheduler, renewals } = create();
    await connections.open(key(1));
    fail(true);
    scheduler.advance(renewalMs);
    await new Promise(setImmediate);
    scheduler.advance(2_999);
    await new Promise(setImmediate);
    expect(renewals()).toBe(1);
    scheduler.advance(1);
    await new Promise(setImmediate);
    expect(renewals()).toBe(2);
  });

  it('are made anew, all that are open, for a store that has lost everything', async () => {
    const { connections, loseEverything, online, scheduler } = create();
    for (const each of keys) await connections.open(each);
    loseEverything();
    let isDone = false;
    void connections.reassert().then(() => (isDone = true));
    await connections.close(key(7), null);
    for (let batch = 0; batch < 10; batch += 1) {
      await new Promise(setImmediate);
      scheduler.advance(0);
    }
    expect([isDone, await online(keys.map(({ userId }) => userId)), await online(['user 7'])]).toEqual([true, 2_499, 0]);
  });

  it('are made anew soon after that has failed, not only by the next renewal', async () => {
    const { connections, loseEverything, fail, online, scheduler } = create();
    await connections.open(key(1));
    loseEverything();
    fail(true);
    await expect(connections.reassert()).rejects.toThrow('down');
    fail(false);
    scheduler.advance(2_999);
    await new Promise(setImmediate);
    expect(await online(['user 1'])).toBe(0);
    scheduler.advance(1);
    await new Promise(setImmediate);
    expect(await online(['user 1'])).toBe(1);
  });

  it('survive two renewals that fail', async () => {
    const { connections, fail, online, pass } = create();
    await connections.open(key(1));
    fail(true);
    await pass(2 * renewalMs);
    fail(false);
    await pass(4 * renewalMs);
    expect(await online(['user 1'])).toBe(1);
  });

  it('are told again to a store that has lost them, and those that closed are not', async () => {
    const { connections, loseEverything, online, pass } = create();
    await connections.open(key(1));
    await connections.open(key(2));
    loseEverything();
    await connections.close(key(2), null);
    await pass(renewalMs);
    expect([await online(['user 1']), await online(['user 2'])]).toEqual([1, 0]);
  });

  it('name the owner of a session until its last connection closes', async () => {
    const { connections } = create();
    await connections.open(key(1));
    await connections.open({ ...key(1), connectionId: 'd' });
    await connections.close(key(1), 0);
    expect(connections.ownerOf('session 1')).toBe('user 1');
    await connections.close({ ...key(1), connectionId: 'd' }, 0);
    expect(connections.ownerOf('session 1')).toBeUndefined();
  });
});
