import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { startRedis } from '../../../../tests/testkit/services/redis.js';
import { orSkip } from '../../../../tests/testkit/services/services.js';
import type { DeclaredActivity, Audience, PresenceSettings, PresenceState, Visibility } from '../../presence/presence.js';
import {
  absentUser,
  advance,
  isUnknownConnection,
  nextDeadline,
  withRenewedVersions,
  type PresenceEvent,
  type UserPresence,
} from '../../presence/user-presence.js';
import { decodeEntry, decodeState, decodeUser, encodeActivity, encodeSettings } from './presence-codec.js';
import { keysOf } from './presence-keys.js';
import {
  allScripts,
  connectScript,
  endSessionScript,
  leaveScript,
  readScript,
  renewScript,
  renewVersionsScript,
  sweepScript,
  updateScript,
  type PresenceScript,
} from './presence-scripts.js';

const server = orSkip('redis-server', await startRedis());
afterAll(() => server?.stop());

type ClientEvent = Exclude<PresenceEvent, { kind: 'Sweep' }>;
/** `stays`: until then, the open connections of Ada are renewed. */
type Step = { readonly after: number; readonly stays: boolean } & (
  | { readonly kind: 'Apply'; readonly userId: string; readonly event: ClientEvent }
  | { readonly kind: 'RenewVersions'; readonly userId: string }
  | { readonly kind: 'Sweep' | 'Read' }
);
type Told = readonly [state: PresenceState, changedFor: readonly Audience[]];

const userIds = ['ada', 'bob', '__proto__'];
const sweepEveryMs = 9_000;

const settings: fc.Arbitrary<PresenceSettings> = fc.record({
  revision: fc.nat(5),
  isBusy: fc.boolean(),
  statusMessage: fc.constantFrom(null, '', 'hi', 'a "/\\ \u2028 \u{1f600}'),
  visibility: fc.constantFrom<Visibility>('EVERYONE', 'FRIENDS', 'NOBODY'),
});
const activity: fc.Arbitrary<DeclaredActivity> = fc.record({
  kind: fc.constantFrom('LOBBY', 'IN_GAME'),
  gameId: fc.constantFrom(null, '', 'chess'),
  text: fc.constantFrom(null, 'ranked', '\u0001"'),
  joinable: fc.boolean(),
  data: fc.array(fc.record({ key: fc.constantFrom('a', 'b'), value: fc.constantFrom('', '1') }), { maxLength: 2 }),
});
// Mostly the same few, so that much happens to them.
const sessionId = fc.constantFrom('phone', 'phone', 'phone', 'laptop');
const connection = { sessionId, connectionId: fc.constantFrom('a', 'a', 'b') };
const userId = fc.constantFrom('ada', 'ada', 'ada', 'ada', ...userIds);
const event = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('Connect' as const), ...connection, settings }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('Renew' as const), ...connection }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('Leave' as const), ...connection, graceMs: fc.constantFrom(0, 3_000, 15_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('EndSession' as const), sessionId }) },
  {
    weight: 3,
    arbitrary: fc.record(
      { kind: fc.constant('Update' as const), sessionId, settings, isAway: fc.boolean(), activity: fc.option(activity) },
      { requiredKeys: ['kind', 'sessionId'] },
    ),
  },
);
const time = fc.oneof(
  { weight: 12, arbitrary: fc.record({ after: fc.constantFrom(0, 1, 2_999, 3_000), stays: fc.constant(false) }) },
  { weight: 3, arbitrary: fc.record({ after: fc.nat(20_000), stays: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ after: fc.constantFrom(44_999, 45_000, 299_999, 300_000), stays: fc.boolean() }) },
);
const what = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('Apply' as const), userId, event }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('RenewVersions' as const), userId }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('Sweep' as const, 'Read' as const) }) },
);
const histories: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.tuple(time, what).map(([when, step]) => ({ ...when, ...step })),
  { minLength: 1, maxLength: 150, size: 'max' },
);

/** What a step is to answer and to tell. */
interface Expected {
  readonly told: readonly Told[];
  readonly answer: PresenceState | readonly PresenceState[] | readonly number[] | number;
}

/** Users by the rules of user-presence.ts, with deadlines like those of a store. */
function createModel(base: number) {
  const users = new Map<string, UserPresence>();
  const due = new Map<string, number>();

  function userOf(userId: string): UserPresence {
    return users.get(userId) ?? absentUser(userId, base);
  }

  function step(userId: string, what: PresenceEvent, now: number): Expected & { readonly answer: PresenceState } {
    const { user, changedFor } = advance(userOf(userId), what, now);
    if (users.has(userId) || user.sessions.size > 0 || user.state.settings !== null) users.set(userId, user);
    due.set(userId, nextDeadline(user, now) ?? Infinity);
    return { told: changedFor.length === 0 ? [] : [[user.state, changedFor]], answer: user.state };
  }

  function sweep(now: number): Expected {
    const whoIsDue = userIds.filter((userId) => (due.get(userId) ?? Infinity) <= now);
    return { told: whoIsDue.flatMap((userId) => step(userId, { kind: 'Sweep' }, now).told), answer: 0 };
  }

  return {
    sweep,
    read: (now: number): Expected => ({ told: sweep(now).told, answer: userIds.map((userId) => userOf(userId).state) }),
    renewVersions(userId: string): Expected {
      const user = users.get(userId);
      if (user !== undefined) users.set(userId, withRenewedVersions(user));
      return { told: [], answer: 0 };
    },
    apply(userId: string, what: ClientEvent, now: number): Expected {
      if (what.kind !== 'Renew') return step(userId, what, now);
      const isUnknown = isUnknownConnection(users.get(userId), what.sessionId, what.connectionId, now);
      return isUnknown ? { told: [], answer: [0] } : { ...step(userId, what, now), answer: [] };
    },
  };
}

type Call = readonly [PresenceScript, ...(string | number)[]];

function toCall(userId: string, what: ClientEvent): Call {
  switch (what.kind) {
    case 'Connect':
      return [connectScript, userId, what.sessionId, what.connectionId, ...encodeSettings(what.settings)];
    case 'Renew':
      return [renewScript, userId, what.sessionId, what.connectionId];
    case 'Leave':
      return [leaveScript, userId, what.sessionId, what.connectionId, what.graceMs];
    case 'EndSession':
      return [endSessionScript, userId, what.sessionId];
    case 'Update': {
      const away = what.isAway === undefined ? '' : what.isAway ? 1 : 0;
      return [updateScript, userId, what.sessionId, ...encodeSettings(what.settings), away, ...encodeActivity(what.activity)];
    }
  }
}

/** What the script answered, in the form of what was expected. */
function decode(expected: Expected['answer'], result: unknown): unknown {
  if (typeof result === 'string') return decodeState('userId' in Object(expected) ? (expected as PresenceState).userId : '', result);
  if (!Array.isArray(result) || result.length !== userIds.length) return result;
  return userIds.map((userId, index) => decodeUser(userId, (result as (string | null)[])[index] ?? null, base).state);
}

const renewals = ['phone', 'laptop'].flatMap((session) =>
  ['a', 'b'].map((connectionId) => ({ kind: 'Renew' as const, sessionId: session, connectionId })),
);

/** A sweep tells of several users in no certain order. */
function byUser(told: readonly Told[]): ReadonlyMap<string, Told> {
  return new Map(told.map((each) => [each[0].userId, each]));
}

const base = 28_000_000;

if (server !== null) {
  describe('The rules of presence in Lua', () => {
    const redis = new Redis(server.url);
    const keys = keysOf(0);
    beforeAll(async () => {
      for (const { source } of allScripts) await redis.script('LOAD', source);
    });
    afterAll(() => redis.disconnect());

    /** Runs the history in one round trip: for each step, the script and then the newest entries of the stream. */
    async function play(history: readonly Step[]): Promise<{ expected: readonly Expected[]; replies: readonly unknown[] }> {
      const model = createModel(base);
      const expected: Expected[] = [];
      const pipeline = redis.pipeline().del(...keys);
      let now = Date.UTC(2026, 10, 20, 12);
      let swept = now;
      const run = ([script, ...args]: Call, expectation: Expected): void => {
        pipeline.evalsha(script.sha, keys.length, ...keys, 'me', now, '', 0, base, '', ...args);
        pipeline.xrevrange(keys[3], '+', '-', 'COUNT', userIds.length);
        expected.push(expectation);
      };
      const sweep = (): void => {
        run([sweepScript], model.sweep(now));
        swept = now;
      };
      for (const step of history) {
        const end = now + step.after;
        // Otherwise it would be an outage, in which no lease runs out.
        while (end - swept > sweepEveryMs) {
          now = swept + sweepEveryMs;
          sweep();
          if (step.stays) for (const renewal of renewals) run(toCall('ada', renewal), model.apply('ada', renewal, now));
        }
        now = end;
        if (step.kind === 'Apply') run(toCall(step.userId, step.event), model.apply(step.userId, step.event, now));
        else if (step.kind === 'RenewVersions') run([renewVersionsScript, step.userId], model.renewVersions(step.userId));
        else if (step.kind === 'Sweep') sweep();
        else run([readScript, ...userIds], model.read(now));
      }
      const replies = ((await pipeline.exec()) ?? []).slice(1);
      return {
        expected,
        replies: replies.map(([error, reply]) => {
          if (error !== null) throw error;
          return reply;
        }),
      };
    }

    it('do in every step of random histories what the rules in TypeScript do', async () => {
      const seen = { steps: 0, changes: 0 };
      await fc.assert(
        fc.asyncProperty(histories, async (history) => {
          const { expected, replies } = await play(history);
          let offset = 0;
          for (const [index, { told, answer }] of expected.entries()) {
            const [, offsetAfter, , , result] = replies[2 * index] as [string, number, number, number, unknown];
            const entries = (replies[2 * index + 1] as [string, string[]][]).filter(([id]) => Number.parseInt(id, 10) > offset);
            offset += told.length;
            const heard = entries
              .map(([, fields]) => decodeEntry(fields).told)
              .flatMap((each): Told[] => (each.kind === 'Change' ? [[each.state, each.changedFor]] : []));
            const did = { offset: offsetAfter, answer: decode(answer, result), told: byUser(heard) };
            const should = { offset, answer, told: byUser(told) };
            // Ten times as fast as expect, which says what is wrong.
            if (!isDeepStrictEqual(did, should)) expect(did).toEqual(should);
            seen.changes += told.length;
          }
          seen.steps += expected.length;
        }),
        { numRuns: 100 },
      );
      expect(seen.steps).toBeGreaterThan(10_000);
      expect(seen.changes).toBeGreaterThan(1_500);
    }, 60_000);
  });
}
