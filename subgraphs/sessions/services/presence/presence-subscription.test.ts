import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createInProcessPresenceStore } from '../../data/in-process-presence-store.js';
import { viewPresence, type PresenceView } from '../../presence/presence-view.js';
import { defaultSettings, type Audience } from '../../presence/presence.js';
import { createVirtualScheduler } from '../../presence/virtual-scheduler.js';
import { decodeCursor } from './presence-cursor.js';
import { createPresenceFeed } from './presence-feed.js';
import { openPresenceSubscription, type FirstMessage, type PresenceEntriesMessage, type PresenceMessage } from './presence-subscription.js';

const users = ['ada', 'bob', 'eve'] as const;
const audiences = new Map<string, Audience>(users.map((userId) => [userId, 'STRANGER']));

function create() {
  const scheduler = createVirtualScheduler();
  const store = createInProcessPresenceStore({ scheduler });
  const feed = createPresenceFeed({ store, scheduler });
  const ends: string[] = [];

  const readSnapshot = async (): Promise<FirstMessage> => ({ kind: 'Snapshot', ...(await store.read(users)) });

  async function readSince(cursor: string): Promise<FirstMessage> {
    const decoded = decodeCursor(cursor, scheduler.now());
    if (decoded.kind !== 'Moment') throw new Error(decoded.kind);
    const changes = await store.readChanges(audiences, decoded.moment);
    return changes.kind === 'Changes' ? { ...changes, kind: 'Changed' } : { kind: 'Resync', ...(await store.read(users)) };
  }

  return {
    scheduler,
    store,
    feed,
    ends,
    readSnapshot,
    readSince,
    open: (readFirst = readSnapshot) =>
      openPresenceSubscription({ feed, viewerId: 'me', audiences, readFirst, now: () => scheduler.now(), onEnd: () => ends.push('ended') }),
  };
}

function keyOf(userId: string) {
  return { userId, sessionId: 's', connectionId: 'c' };
}

describe('A presence subscription', () => {
  it('ends at once while nobody changes, and gives back what it held', async () => {
    const { open, ends, store, scheduler, feed } = create();
    const { messages } = await open();
    await messages.next();
    const waiting = messages.next();
    await messages.return?.();
    expect((await waiting).done).toBe(true);
    await store.connect(keyOf('ada'), defaultSettings);
    feed.close();
    await store.close();
    expect([ends, scheduler.waiting]).toEqual([['ended'], 0]);
  });

  it('tells that somebody is gone, and nothing of them afterwards', async () => {
    const { open, store, feed } = create();
    const { messages } = await open();
    feed.remove('bob');
    const first = (await messages.next()) as IteratorYieldResult<PresenceEntriesMessage>;
    expect(first.value.entries.map(({ userId }) => userId)).toEqual(['ada', 'eve']);
    expect((await messages.next()).value).toMatchObject({ kind: 'Removed', userId: 'bob' });
    await store.connect(keyOf('ada'), defaultSettings);
    feed.remove('ada');
    await store.leave(keyOf('ada'), 0);
    expect((await messages.next()).value).toMatchObject({ kind: 'Removed', userId: 'ada' });
    await store.connect(keyOf('eve'), defaultSettings);
    expect((await messages.next()).value).toMatchObject({ kind: 'Changed', entries: [{ userId: 'eve' }] });
  });

  it('gives back what it held when the first read fails', async () => {
    const { open, store, scheduler, feed } = create();
    await expect(open(() => Promise.reject(new Error('unreachable')))).rejects.toThrow('unreachable');
    await store.connect(keyOf('ada'), defaultSettings);
    // A follower would have started the pace of this user.
    await store.leave(keyOf('ada'), 0);
    expect([feed.settledPosition(), scheduler.waiting]).toEqual([2, 1]);
  });

  it('keeps one change per user for a client that does not take them, the latest', async () => {
    const { open, store, scheduler } = create();
    const { messages } = await open();
    await messages.next();
    for (let round = 0; round < 50; round += 1) {
      await store.connect(keyOf('ada'), defaultSettings);
      scheduler.advance(1_000);
      await store.update(keyOf('ada'), { isAway: round % 2 === 0 });
      await store.connect(keyOf('bob'), defaultSettings);
      scheduler.advance(1_000);
    }
    const { value } = (await messages.next()) as IteratorYieldResult<PresenceEntriesMessage>;
    expect(value.entries.map(({ userId, availability }) => `${userId} ${availability}`).sort()).toEqual(['ada ONLINE', 'bob ONLINE']);
  });

  it('says nothing of a change that its viewer may not see', async () => {
    const { open, store, scheduler } = create();
    const { messages } = await open();
    await messages.next();
    let hasAnswered = false;
    void messages.next().then(() => (hasAnswered = true));
    await store.connect(keyOf('ada'), { ...defaultSettings, revision: 1, visibility: 'FRIENDS' });
    scheduler.advance(1_000);
    await new Promise(setImmediate);
    expect(hasAnswered).toBe(false);
  });
});

/** One thing that happens while somebody subscribes, reads, loses the connection and resumes. */
type Step =
  | { readonly kind: 'Change'; readonly userId: (typeof users)[number]; readonly what: 'connect' | 'away' | 'back' | 'leave' }
  | { readonly kind: 'Wait'; readonly ms: number }
  | { readonly kind: 'Take' }
  | { readonly kind: 'Reopen' };

const changes = fc.record({
  kind: fc.constant('Change' as const),
  userId: fc.constantFrom(...users),
  what: fc.constantFrom('connect' as const, 'away' as const, 'back' as const, 'leave' as const),
});
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: changes },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('Wait' as const), ms: fc.integer({ min: 1, max: 700 }) }) },
    { weight: 3, arbitrary: fc.constant({ kind: 'Take' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'Reopen' as const }) },
  ),
  { maxLength: 60 },
);
const few = fc.array(changes, { maxLength: 4 });

describe('However changes fall between subscribing, reading and resuming', () => {
  it('every viewer ends with what the store knows, and no version goes back', async () => {
    await fc.assert(
      fc.asyncProperty(few, few, few, steps, async (before, duringRead, afterRead, given) => {
        const { store, scheduler, open, readSnapshot, readSince } = create();
        const seen = new Map<string, PresenceView>();
        let cursor: string | undefined;
        let waiting: Promise<void> | undefined;

        async function change({ userId, what }: { userId: string; what: 'connect' | 'away' | 'back' | 'leave' }): Promise<void> {
          if (what === 'connect') await store.connect(keyOf(userId), defaultSettings);
          else if (what === 'leave') await store.leave(keyOf(userId), 0);
          else await store.update({ userId, sessionId: 's' }, { isAway: what === 'away' });
        }
        async function changeAll(all: readonly { userId: string; what: 'connect' | 'away' | 'back' | 'leave' }[]): Promise<void> {
          for (const each of all) await change(each);
        }
        function subscribe() {
          const since = cursor;
          return open(async () => {
            await changeAll(duringRead);
            const first = since === undefined ? await readSnapshot() : await readSince(since);
            await changeAll(afterRead);
            return first;
          });
        }
        function take(messages: AsyncIterator<PresenceMessage>): Promise<void> {
          waiting ??= messages.next().then(({ done, value }: IteratorResult<PresenceMessage, unknown>) => {
            waiting = undefined;
            if (done === true) return;
            ({ cursor } = value);
            for (const entry of value.kind === 'Removed' ? [] : value.entries) {
              expect(entry.version).toBeGreaterThanOrEqual(seen.get(entry.userId)?.version ?? 0);
              seen.set(entry.userId, entry);
            }
          });
          return new Promise(setImmediate);
        }

        await changeAll(before);
        let subscription = await subscribe();
        for (const step of given) {
          if (step.kind === 'Change') await change(step);
          else if (step.kind === 'Wait') scheduler.advance(step.ms);
          else if (step.kind === 'Take') await take(subscription.messages);
          else {
            subscription.end();
            await new Promise(setImmediate);
            subscription = await subscribe();
          }
        }
        for (let rest = 0; rest < 4; rest += 1) {
          await take(subscription.messages);
          scheduler.advance(500);
        }
        await take(subscription.messages);

        const { states } = await store.read(users);
        const strip = ({ userId, availability, version }: PresenceView) => ({ userId, availability, version });
        expect(users.map((userId) => seen.get(userId)).map((view) => view && strip(view))).toEqual(
          states.map((state) => strip(viewPresence(state, 'STRANGER', scheduler.now()))),
        );
        subscription.end();
      }),
      { numRuns: 500 },
    );
  });
});
