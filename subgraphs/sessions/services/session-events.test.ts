import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../shared/logging/logger.js';
import { createVirtualScheduler } from '../presence/virtual-scheduler.js';
import { fakeSession, viewerOf } from './fake-sessions.js';
import type { PresenceListener, PresencePosition, UserNotice } from './presence/presence-store.js';
import { createSessionEvents } from './session-events.js';
import type { SessionState } from './session.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const position: PresencePosition = { shard: 0, offset: 1 };

function create() {
  const listeners = new Set<PresenceListener>();
  const states: SessionState[] = [];
  const reads: string[] = [];
  const events = createSessionEvents({
    store: {
      listen(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    repository: {
      findStates({ userId, ids }) {
        reads.push(userId);
        return Promise.resolve(states.filter((state) => state.userId === userId && ids.includes(state.id)));
      },
    },
    sessions: { listOwn: () => Promise.resolve([]) },
    scheduler: createVirtualScheduler(),
    logger,
  });
  function notify(notice: UserNotice): void {
    for (const { onNotice } of listeners) onNotice?.(notice, position);
  }
  return {
    events,
    listeners,
    reads,
    change: (state: SessionState): void => {
      states.push(state);
      notify({ kind: 'SessionChanged', userId: state.userId, sessionId: state.id });
    },
    notify,
    lose: (): void => {
      for (const { onLost } of listeners) onLost?.({ wasOnline: () => false });
    },
  };
}

describe('Events of sessions', () => {
  it('are refused to an anonymous caller', async () => {
    await expect(create().events.subscribe(null, undefined)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('are told to the user’s own subscriptions alone, each of them, and other notices to none', async () => {
    const { events, change, reads, notify } = create();
    const [ada, bob] = [viewerOf('a', 'ada'), viewerOf('b', 'bob')];
    const [phone, laptop, foreign] = await Promise.all([ada, ada, bob].map((viewer) => events.subscribe(viewer, undefined)));
    for (const each of [phone, laptop, foreign]) await each?.next();
    notify({ kind: 'UserDeleted', userId: 'ada' });
    notify({ kind: 'RelationChanged', userId: 'ada', otherId: 'bob' });
    change({ ...fakeSession({ id: 'c', userId: 'ada' }), endReason: null });
    for (const each of [phone, laptop]) {
      expect((await each?.next())?.value).toMatchObject({ kind: 'Started', session: { id: 'c' } });
    }
    expect(reads).toEqual(['ada', 'ada']);
  });

  it('begin anew for everybody when the store may have missed something', async () => {
    const { events, lose } = create();
    const [one, two] = await Promise.all([viewerOf('a', 'ada'), viewerOf('b', 'bob')].map((viewer) => events.subscribe(viewer, undefined)));
    for (const each of [one, two]) await each?.next();
    lose();
    for (const each of [one, two]) expect((await each?.next())?.value).toEqual({ kind: 'Snapshot', sessions: [] });
  });

  it('end with the connection, also one that is gone already, and stop to be read for', async () => {
    const { events, change, reads } = create();
    const viewer = viewerOf('a', 'ada');
    const connection = new AbortController();
    const subscribed = await events.subscribe(viewer, { id: 'c', signal: connection.signal });
    await subscribed.next();
    const waiting = subscribed.next();
    connection.abort({ code: 4403 });
    expect((await waiting).done).toBe(true);
    expect((await (await events.subscribe(viewer, { id: 'c', signal: connection.signal })).next()).done).toBe(true);
    change({ ...fakeSession({ userId: 'ada' }), endReason: null });
    await new Promise(setImmediate);
    expect(reads).toEqual([]);
  });

  it('are heard no more after the end', async () => {
    const { events, listeners } = create();
    await events.close();
    expect(listeners.size).toBe(0);
  });
});
