import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import WebSocket from 'ws';
import { startFakeGalaxia, type FakeGalaxia } from './fake-galaxia.js';
import { followPresence } from './follow-presence.js';
import { type Session, SignedOut } from './session.js';

const entry = (availability: string, version: number) => ({
  user: { id: 'bob', username: 'bob', displayName: null, avatar: null },
  availability,
  statusMessage: null,
  activity: null,
  lastSeenAt: null,
  version,
});
const snapshot = (cursor: string, ...entries: object[]) => ({ __typename: 'PresenceSnapshot', cursor, entries });
const changed = (cursor: string, ...entries: object[]) => ({ __typename: 'PresenceChanged', cursor, entries });

describe('Following presence', () => {
  let server: FakeGalaxia;
  let stop: AbortController;
  let token: number;
  let refresh: () => Promise<void>;

  beforeEach(async () => {
    server = await startFakeGalaxia(() => ({}));
    stop = new AbortController();
    token = 1;
    refresh = () => Promise.resolve(void (token += 1));
  });
  afterEach(() => server.close());

  function follow() {
    const seen: string[] = [];
    const waits: (() => void)[] = [];
    const session: Session = {
      url: server.url,
      user: { id: 'me', username: 'me' },
      accessToken: () => Promise.resolve(`token-${token}`),
      refresh: () => refresh(),
      ask: () => Promise.reject(new Error('not used')),
      signOut: () => Promise.resolve(),
    };
    const done = followPresence({
      session,
      userIds: ['bob'],
      signal: stop.signal,
      webSocketImpl: WebSocket,
      pauseAfter: () => 1,
      onChange(people, lines) {
        seen.push(`${people.size}: ${lines.map(({ availability }) => availability).join()}`);
        for (const wake of waits.splice(0)) wake();
      },
    });
    async function untilSeen(count: number): Promise<void> {
      while (seen.length < count) await new Promise<void>((resolve) => waits.push(resolve));
    }
    return { seen, done, untilSeen };
  }

  it('ends with SignedOut when the session was ended elsewhere', async () => {
    refresh = () => Promise.reject(new SignedOut('Sign in again.'));
    const { done } = follow();
    (await server.nextSubscription()).close(4403);
    await expect(done).rejects.toThrow(SignedOut);
  });

  it('gives up when the server says that another attempt is hopeless', async () => {
    const { done } = follow();
    (await server.nextSubscription()).close(4400);
    await expect(done).rejects.toThrow();
  });

  it('never goes back to an older version', async () => {
    const { seen, done, untilSeen } = follow();
    const subscription = await server.nextSubscription();
    subscription.send(snapshot('c1', entry('ONLINE', 5)));
    subscription.send(changed('c2', entry('OFFLINE', 4)));
    await untilSeen(2);
    expect(seen).toEqual(['1: ONLINE', '1: ']);
    stop.abort();
    await done;
  });

  it('comes back after 4403 with a new token and the last cursor', async () => {
    const { done, untilSeen } = follow();
    const first = await server.nextSubscription();
    expect([first.authorization, first.since]).toEqual(['Bearer token-1', null]);
    first.send(snapshot('c1', entry('OFFLINE', 1)));
    first.send(changed('c2', entry('ONLINE', 2)));
    await untilSeen(2);
    first.close(4403);
    const second = await server.nextSubscription();
    expect([second.authorization, second.since]).toEqual(['Bearer token-2', 'c2']);
    stop.abort();
    await done;
  });

  it('comes back after 1012 as often as it takes, and reports only what differs', async () => {
    const { seen, done, untilSeen } = follow();
    const first = await server.nextSubscription();
    first.send(snapshot('c1', entry('ONLINE', 9)));
    await untilSeen(1);
    first.close(1012);
    (await server.nextSubscription()).close(1012);
    const third = await server.nextSubscription();
    expect([third.authorization, third.since]).toEqual(['Bearer token-1', 'c1']);
    // The server lost its memory: versions begin again, and yet nobody's state has changed.
    third.send(snapshot('c9', entry('ONLINE', 1)));
    third.send(changed('c10', entry('BUSY', 2)));
    third.send({ __typename: 'PresenceRemoved', cursor: 'c11', userId: 'bob' });
    await untilSeen(4);
    expect(seen).toEqual(['1: ONLINE', '1: ', '1: BUSY', '0: ']);
    stop.abort();
    await done;
  });
});
