import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { viewPresence } from '../presence/presence-view.js';
import { defaultSettings, type PresenceSettings, type Visibility } from '../presence/presence.js';
import { createVirtualScheduler } from '../presence/virtual-scheduler.js';
import { createInProcessPresenceStore } from './in-process-presence-store.js';
import { describePresenceStore } from './presence-store.conformance.js';

describePresenceStore('The presence store of one process', () => {
  const scheduler = createVirtualScheduler();
  return Promise.resolve({
    store: createInProcessPresenceStore({ scheduler }),
    advance(ms: number) {
      scheduler.advance(ms);
      return Promise.resolve();
    },
    settle: () => Promise.resolve(),
  });
});

const users = fc.constantFrom('ada', 'bob', 'eve');
const sessions = fc.constantFrom('phone', 'laptop');
const connections = fc.constantFrom('a', 'b');
const operations = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.tuple(fc.constant('connect' as const), users, sessions, connections) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('renew' as const), users, sessions, connections) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('leave' as const), users, sessions, connections, fc.constantFrom(0, 3_000, 15_000)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('end' as const), users, sessions) },
    {
      weight: 1,
      arbitrary: fc.tuple(
        fc.constant('visibility' as const),
        users,
        sessions,
        fc.constantFrom<Visibility>('EVERYONE', 'FRIENDS', 'NOBODY'),
      ),
    },
    { weight: 4, arbitrary: fc.tuple(fc.constant('wait' as const), fc.nat(20_000)) },
  ),
  { maxLength: 80 },
);

/** What a lease is, said again as simply as possible: by user, session and connection, until when, and whether it counts. */
function createModel() {
  const leases = new Map<string, { user: string; session: string; until: number; kind: 'live' | 'leaving' | 'gone' }>();
  return {
    leases,
    counts: (user: string, now: number) =>
      [...leases.values()].some((lease) => lease.user === user && lease.kind !== 'gone' && lease.until > now),
    ofSession: (user: string, session: string) => [...leases].filter(([, lease]) => lease.user === user && lease.session === session),
  };
}

describe('The presence store of one process, under any operations', () => {
  it('agrees with a simple model of leases, and tells every change of what a stranger sees, in order', async () => {
    await fc.assert(
      fc.asyncProperty(operations, async (given) => {
        const scheduler = createVirtualScheduler();
        const store = createInProcessPresenceStore({ scheduler });
        const model = createModel();
        const settings = new Map<string, PresenceSettings>();
        const told = new Map<string, { availability: string; version: number }>();
        let offsetBefore = 0;
        store.listen({
          onChange({ position: { offset }, state, changedFor }) {
            expect(offset).toBeGreaterThan(offsetBefore);
            offsetBefore = offset;
            if (!changedFor.includes('STRANGER')) return;
            const { availability, version } = viewPresence(state, 'STRANGER', 0);
            expect(version).toBeGreaterThan(told.get(state.userId)?.version ?? 0);
            told.set(state.userId, { availability, version });
          },
        });

        for (const operation of given) {
          const now = scheduler.now();
          switch (operation[0]) {
            case 'connect': {
              const [, userId, sessionId, connectionId] = operation;
              await store.connect({ userId, sessionId, connectionId }, settings.get(userId) ?? defaultSettings);
              for (const [key, { kind }] of model.ofSession(userId, sessionId)) if (kind === 'leaving') model.leases.delete(key);
              model.leases.set([userId, sessionId, connectionId].join(), {
                user: userId,
                session: sessionId,
                until: now + 45_000,
                kind: 'live',
              });
              break;
            }
            case 'renew': {
              const [, userId, sessionId, connectionId] = operation;
              await store.renew([{ userId, sessionId, connectionId }]);
              const lease = model.leases.get([userId, sessionId, connectionId].join());
              if (lease !== undefined && lease.kind !== 'leaving' && lease.until > now) lease.until = now + 45_000;
              break;
            }
            case 'leave': {
              const [, userId, sessionId, connectionId, grace] = operation;
              await store.leave({ userId, sessionId, connectionId }, grace);
              const key = [userId, sessionId, connectionId].join();
              const lease = model.leases.get(key);
              if (lease === undefined || lease.until <= now) break;
              if (grace === 0 || lease.kind === 'gone') model.leases.delete(key);
              else
                model.leases.set(key, {
                  ...lease,
                  until: lease.kind === 'leaving' ? Math.min(lease.until, now + grace) : now + grace,
                  kind: 'leaving',
                });
              break;
            }
            case 'end': {
              const [, userId, sessionId] = operation;
              await store.endSession({ userId, sessionId });
              for (const [key, lease] of model.ofSession(userId, sessionId)) {
                if (lease.kind === 'leaving') model.leases.delete(key);
                else lease.kind = 'gone';
              }
              break;
            }
            case 'visibility': {
              const [, userId, sessionId, visibility] = operation;
              const next = { ...defaultSettings, visibility, revision: (settings.get(userId)?.revision ?? 0) + 1 };
              settings.set(userId, next);
              await store.update({ userId, sessionId }, { settings: next });
              break;
            }
            case 'wait':
              scheduler.advance(operation[1]);
          }
          for (const user of ['ada', 'bob', 'eve']) {
            const isSeen = model.counts(user, scheduler.now()) && (settings.get(user) ?? defaultSettings).visibility === 'EVERYONE';
            expect((told.get(user)?.availability ?? 'OFFLINE') !== 'OFFLINE').toBe(isSeen);
          }
        }
        await store.close();
        expect(scheduler.waiting).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('Two presence stores, one after the other', () => {
  it('do not let versions go back, and begin different epochs', async () => {
    const scheduler = createVirtualScheduler();
    const first = createInProcessPresenceStore({ scheduler });
    await first.connect({ userId: 'ada', sessionId: 's', connectionId: 'c' }, defaultSettings);
    const before = await first.read(['ada']);
    scheduler.advance(5_000);
    const second = createInProcessPresenceStore({ scheduler });
    const after = await second.read(['ada']);
    expect(after.states[0]?.versions.stranger).toBeGreaterThan(before.states[0]?.versions.stranger ?? Infinity);
    expect(after.moment.epoch).not.toBe(before.moment.epoch);
  });
});
