import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { viewPresence } from './presence-view.js';
import { defaultSettings, type Activity, type Audience, type PresenceSettings } from './presence.js';
import {
  absentUser,
  advance,
  idleMs,
  leaseMs,
  nextDeadline,
  withRenewedVersions,
  type PresenceEvent,
  type UserPresence,
} from './user-presence.js';

const start = Date.UTC(2026, 10, 20, 12);
const playing: Activity = { kind: 'IN_GAME', gameId: 'chess', text: 'ranked', joinable: false, since: start, data: [] };

/** Applies the events at their times (ms after the start) and tells whom the last one changed something for. */
function story(...events: readonly (readonly [number, PresenceEvent])[]) {
  let user = absentUser('ada', 7);
  let changedFor: readonly Audience[] = [];
  let now = start;
  for (const [after, event] of events) {
    now = start + after;
    ({ user, changedFor } = advance(user, event, now));
  }
  return { user, changedFor, seen: (audience: Audience) => viewPresence(user.state, audience, now) };
}

function connect(sessionId = 'phone', connectionId = 'socket', settings = defaultSettings): PresenceEvent {
  return { kind: 'Connect', sessionId, connectionId, settings };
}
function leave(graceMs: number, sessionId = 'phone', connectionId = 'socket'): PresenceEvent {
  return { kind: 'Leave', sessionId, connectionId, graceMs };
}
function update(changes: Omit<Extract<PresenceEvent, { kind: 'Update' }>, 'kind' | 'sessionId'>, sessionId = 'phone'): PresenceEvent {
  return { kind: 'Update', sessionId, ...changes };
}
const sweep: PresenceEvent = { kind: 'Sweep' };
const renew: PresenceEvent = { kind: 'Renew', sessionId: 'phone', connectionId: 'socket' };
const endSession: PresenceEvent = { kind: 'EndSession', sessionId: 'phone' };
const everyone = ['OWN', 'FRIEND', 'STRANGER'] as const;

describe('A lease', () => {
  it('counts until just before 45 s and not at 45 s', () => {
    expect(story([0, connect()], [leaseMs - 1, sweep]).user.state.availability).toBe('ONLINE');
    expect(story([0, connect()], [leaseMs, sweep])).toMatchObject({ user: { state: { availability: 'OFFLINE' } }, changedFor: everyone });
  });

  it('lives on from its renewal', () => {
    expect(story([0, connect()], [40_000, renew], [40_000 + leaseMs - 1, sweep]).user.state.availability).toBe('ONLINE');
    expect(story([0, connect()], [40_000, renew], [40_000 + leaseMs, sweep]).user.state.availability).toBe('OFFLINE');
  });

  it('does not come back by a renewal that arrives after the client has left', () => {
    expect(story([0, connect()], [1, leave(3_000)], [2, renew], [3_001, sweep]).user.state.availability).toBe('OFFLINE');
    expect(story([0, connect()], [1, leave(0)], [2, renew]).user.state.availability).toBe('OFFLINE');
  });
});

describe('Leaving', () => {
  it('counts until the grace is over', () => {
    expect(story([0, connect()], [5, leave(15_000)]).changedFor).toEqual([]);
    expect(story([0, connect()], [5, leave(15_000)], [15_004, sweep]).changedFor).toEqual([]);
    expect(story([0, connect()], [5, leave(15_000)], [15_005, sweep]).changedFor).toEqual(everyone);
  });

  it('changes nothing for anybody when the session comes back inside the grace, not even when it was idle or had said what it does', () => {
    const before = [[0, connect()] as const, [1, update({ isAway: true, activity: playing })] as const];
    const left = [...before, [2, leave(15_000)] as const];
    const back = story(...left, [15_001, connect('phone', 'another socket')]);
    expect(back.changedFor).toEqual([]);
    expect(back.user.state).toMatchObject({ availability: 'AWAY', activity: { gameId: 'chess' }, devices: 1 });
    expect(story(...left, [15_001, connect('phone', 'another socket')], [20_000, sweep]).changedFor).toEqual([]);
  });

  it('leaves somebody idle who comes back inside the grace after 5 min without a message', () => {
    const renewals = Array.from({ length: 21 }, (_, index) => [index * 15_000, renew] as const);
    const left = [[0, connect()] as const, ...renewals, [idleMs + 1, leave(15_000)] as const];
    expect(story(...left, [idleMs + 9_000, connect('phone', 'another socket')])).toMatchObject({
      changedFor: [],
      user: { state: { availability: 'AWAY' } },
    });
    // Who was gone is somebody new.
    expect(story(...left, [idleMs + 15_001, connect('phone', 'another socket')]).user.state.availability).toBe('ONLINE');
  });

  it('is over when the session is back: its next departure counts from then alone', () => {
    const back = [[0, connect()] as const, [5, leave(15_000)] as const, [6, connect('phone', 'another socket')] as const];
    expect(story(...back, [7, leave(0, 'phone', 'another socket')]).user.state.availability).toBe('OFFLINE');
  });

  it('lasts no longer because it is said twice', () => {
    const twice = [[0, connect()] as const, [1, leave(3_000)] as const, [2, leave(15_000)] as const];
    expect(story(...twice, [3_000, sweep]).user.state.availability).toBe('ONLINE');
    expect(story(...twice, [3_001, sweep]).user.state.availability).toBe('OFFLINE');
  });

  it('is the last time that somebody was seen, not the end of the grace', () => {
    const left = [[0, connect()] as const, [40_000, renew] as const, [80_000, leave(15_000)] as const];
    expect(story(...left, [85_000, sweep], [95_000, sweep]).user.state).toMatchObject({
      availability: 'OFFLINE',
      lastSeenAt: start + 80_000,
    });
  });

  it('does not flicker when the session comes back after the grace but before anyone has swept', () => {
    expect(story([0, connect()], [5, leave(3_000)], [9_000, connect('phone', 'another socket')]).changedFor).toEqual([]);
  });

  it('is at once when the session goes offline, for all its sockets, until it connects anew', () => {
    const offline = story([0, connect()], [0, connect('phone', 'second')], [1, endSession]);
    expect(offline.user.state).toMatchObject({ availability: 'OFFLINE', devices: 0 });
    expect(story([0, connect()], [1, endSession], [2, renew]).user.state.availability).toBe('OFFLINE');
    expect(story([0, connect()], [1, endSession], [2, connect('phone', 'third')]).user.state.availability).toBe('ONLINE');
  });

  it('takes with it what the session said: idle, and what it does', () => {
    const said = [[0, connect()] as const, [1, update({ isAway: true, activity: playing })] as const];
    const back = story(...said, [2, endSession], [3, connect('phone', 'third')]);
    expect(back.user.state).toMatchObject({ availability: 'ONLINE', activity: null });
  });

  it('of one of two devices changes nothing when the other looks the same', () => {
    const two = [[0, connect('phone')] as const, [0, connect('laptop')] as const];
    expect(story(...two, [1, leave(0, 'phone')]).changedFor).toEqual(['OWN']);
    expect(story(...two, [1, leave(0, 'phone')]).user.state.devices).toBe(1);
  });
});

describe('The aggregate', () => {
  it('is online when any session is, away when all are idle, and busy above both', () => {
    const two = [[0, connect('phone')] as const, [0, connect('laptop')] as const, [1, update({ isAway: true }, 'phone')] as const];
    expect(story(...two).user.state.availability).toBe('ONLINE');
    expect(story(...two, [2, update({ isAway: true }, 'laptop')]).user.state.availability).toBe('AWAY');
    const busy = { ...defaultSettings, revision: 1, isBusy: true };
    expect(story(...two, [2, update({ isAway: true, settings: busy }, 'laptop')]).user.state.availability).toBe('BUSY');
    expect(story([0, update({ settings: busy })]).user.state.availability).toBe('OFFLINE');
  });

  it('is idle after 5 min without a message, and active again with the next', () => {
    const renewals = Array.from({ length: 30 }, (_, index) => [index * 15_000, renew] as const);
    const quiet = [[0, connect()] as const, ...renewals.filter(([at]) => at < idleMs)];
    expect(story(...quiet, [idleMs - 1, sweep]).user.state.availability).toBe('ONLINE');
    expect(story(...quiet, [idleMs, sweep]).user.state.availability).toBe('AWAY');
    expect(story(...quiet, [idleMs, sweep], [idleMs + 1, update({})]).user.state.availability).toBe('ONLINE');
  });

  it('shows the newest activity of the live sessions, and others none of someone offline', () => {
    const lobby: Activity = { ...playing, kind: 'LOBBY', gameId: null, since: start + 10 };
    const both = story(
      [0, connect('phone')],
      [0, connect('laptop')],
      [5, update({ activity: playing })],
      [10, update({ activity: lobby }, 'laptop')],
    );
    expect(both.user.state.activity).toEqual(lobby);
    const declared = story([0, update({ activity: playing })]);
    expect([declared.seen('OWN').activity, declared.seen('FRIEND').activity]).toEqual([playing, null]);
    expect(story([0, update({ activity: playing })], [1, connect()]).seen('STRANGER').activity).toEqual(playing);
    expect(story([0, update({ activity: playing })], [leaseMs, connect()]).seen('STRANGER').activity).toBeNull();
  });

  it('keeps since when the same game goes on with another text', () => {
    const later = { ...playing, text: 'still', since: start + 99 };
    expect(story([0, connect()], [1, update({ activity: playing })], [99, update({ activity: later })]).user.state.activity).toEqual({
      ...later,
      since: start + 1,
    });
  });

  it('ignores settings that are older than those it knows', () => {
    const [older, newer] = [1, 2].map((revision) => ({ ...defaultSettings, revision, statusMessage: `number ${revision}` }));
    expect(story([0, connect('phone', 'a', newer)], [1, connect('phone', 'b', older)]).seen('OWN').statusMessage).toBe('number 2');
  });
});

describe('Privacy', () => {
  const invisible: PresenceSettings = { ...defaultSettings, revision: 1, visibility: 'NOBODY' };
  const forFriends: PresenceSettings = { ...defaultSettings, revision: 1, visibility: 'FRIENDS' };

  it('makes an invisible user look like one who never was, version and all, and lets them see the truth', () => {
    const hidden = story(
      [0, connect('phone', 'a', invisible)],
      [1, update({ activity: playing })],
      [2, connect('laptop')],
      [3, leave(0, 'laptop')],
    );
    for (const audience of ['FRIEND', 'STRANGER'] as const) {
      expect(hidden.seen(audience)).toEqual(viewPresence(absentUser('ada', 7).state, audience, start));
    }
    expect(hidden.seen('OWN')).toMatchObject({ availability: 'ONLINE', devices: 1, visibility: 'NOBODY', activity: { kind: 'IN_GAME' } });
    expect(hidden.seen('OWN').version).toBeGreaterThan(7);
  });

  it('shows what is for friends to friends alone, and moves no stranger’s version', () => {
    const shown = story([0, connect('phone', 'a', forFriends)], [1, update({ isAway: true })]);
    expect(shown.changedFor).toEqual(['OWN', 'FRIEND']);
    expect(shown.seen('FRIEND').availability).toBe('AWAY');
    expect(shown.seen('STRANGER')).toMatchObject({ availability: 'OFFLINE', lastSeenAt: null, version: 7 });
  });

  it('tells others that someone left at the moment they become invisible', () => {
    const gone = story([0, connect()], [1, update({ settings: invisible })]);
    expect(gone.changedFor).toEqual(everyone);
    expect(gone.seen('FRIEND')).toMatchObject({ availability: 'OFFLINE', lastSeenAt: null, devices: null, visibility: null });
  });

  it('floors the last time to the minute', () => {
    expect(story([0, connect()], [61_999, leave(0)]).seen('STRANGER').lastSeenAt).toBe(start);
    expect(story([0, connect()], [30_000, renew], [61_999, leave(0)]).seen('STRANGER').lastSeenAt).toBe(start + 60_000);
  });
});

const sessionIds = fc.constantFrom('phone', 'laptop');
const connectionIds = fc.constantFrom('a', 'b');
const settings = fc.record({
  revision: fc.integer({ min: 0, max: 9 }),
  isBusy: fc.boolean(),
  statusMessage: fc.constantFrom(null, 'hi'),
  visibility: fc.constantFrom('EVERYONE' as const, 'FRIENDS' as const, 'NOBODY' as const),
});
const events: fc.Arbitrary<PresenceEvent> = fc.oneof(
  fc.record({ kind: fc.constant('Connect' as const), sessionId: sessionIds, connectionId: connectionIds, settings }),
  fc.record({ kind: fc.constant('Renew' as const), sessionId: sessionIds, connectionId: connectionIds }),
  fc.record({
    kind: fc.constant('Leave' as const),
    sessionId: sessionIds,
    connectionId: connectionIds,
    graceMs: fc.constantFrom(0, 3_000, 15_000),
  }),
  fc.record({ kind: fc.constant('EndSession' as const), sessionId: sessionIds }),
  fc.record(
    {
      kind: fc.constant('Update' as const),
      sessionId: sessionIds,
      settings,
      isAway: fc.boolean(),
      activity: fc.constantFrom(null, playing),
    },
    { requiredKeys: ['kind', 'sessionId'] },
  ),
  fc.constant(sweep),
);
const steps = fc.array(fc.tuple(fc.nat(20_000), events), { maxLength: 60 });

function forEachStep(check: (before: UserPresence, after: UserPresence, changedFor: readonly Audience[], now: number) => void): void {
  fc.assert(
    fc.property(steps, (given) => {
      let user = absentUser('ada', 1);
      let now = start;
      for (const [passed, event] of given) {
        now += passed;
        const next = advance(user, event, now);
        check(user, next.user, next.changedFor, now);
        user = next.user;
      }
    }),
    { numRuns: 500 },
  );
}

describe('Whatever happens', () => {
  it('raises the version of an audience when and only when what it sees changes', () => {
    forEachStep((before, after, changedFor, now) => {
      for (const audience of everyone) {
        const [then, thereafter] = [viewPresence(before.state, audience, now), viewPresence(after.state, audience, now)];
        const isSame = JSON.stringify({ ...then, version: 0 }) === JSON.stringify({ ...thereafter, version: 0 });
        expect(changedFor.includes(audience)).toBe(!isSame);
        if (isSame) expect(thereafter.version).toBe(then.version);
        else expect(thereafter.version).toBeGreaterThan(then.version);
      }
    });
  });

  it('never shows as offline who has a live lease and is visible, nor as online who has none', () => {
    forEachStep((_before, after, _changedFor, now) => {
      const counting = [...after.sessions.values()].flatMap(({ connections }) => [...connections.values()]);
      const isLive = counting.some(({ kind, until }) => kind !== 'Gone' && until > now);
      const isVisible = after.state.settings?.visibility === 'EVERYONE';
      expect(viewPresence(after.state, 'STRANGER', now).availability !== 'OFFLINE').toBe(isLive && isVisible);
      expect(viewPresence(after.state, 'OWN', now).availability !== 'OFFLINE').toBe(isLive);
    });
  });

  it('tells the same by renewed versions, which are above all that were told to friends or strangers', () => {
    forEachStep((_before, after, _changedFor, now) => {
      const renewed = withRenewedVersions(after);
      const { own, friend, stranger } = after.state.versions;
      const above = Math.max(friend, stranger) + 1;
      expect(renewed.state.versions).toEqual({ own, friend: above, stranger: above });
      for (const audience of everyone) {
        const version = viewPresence(renewed.state, audience, now).version;
        expect(viewPresence(renewed.state, audience, now)).toEqual({ ...viewPresence(after.state, audience, now), version });
      }
      expect(nextDeadline(renewed, now)).toBe(nextDeadline(after, now));
    });
  });

  it('needs no sweep before the next deadline', () => {
    forEachStep((_before, after, _changedFor, now) => {
      const deadline = nextDeadline(after, now) ?? now + 1_000_000;
      expect(deadline).toBeGreaterThan(now);
      expect(advance(after, sweep, deadline - 1).changedFor).toEqual([]);
    });
  });
});
