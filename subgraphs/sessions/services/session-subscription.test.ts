import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createLogger } from '../../../shared/logging/logger.js';
import { createVirtualScheduler } from '../presence/virtual-scheduler.js';
import { fakeSession } from './fake-sessions.js';
import { openSessionSubscription, type SessionEvent, type SessionFollower } from './session-subscription.js';
import type { EndReason, Session, SessionState } from './session.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const dayMs = 86_400_000;

/** The sessions of one user, as a database has them, and a subscription that reads them. */
function create() {
  const scheduler = createVirtualScheduler();
  const sessions = new Map<string, SessionState>();
  const followers = new Set<SessionFollower>();
  let reads = 0;
  let readMany: readonly string[] = [];
  let isDown = false;
  /** Set: readings answer what they have found only when they are let. */
  let held: (() => void)[] | undefined;

  function answer<Result>(result: Result): Promise<Result> {
    reads += 1;
    if (isDown) return Promise.reject(new Error('down'));
    if (held === undefined) return Promise.resolve(result);
    return new Promise((resolve) => held?.push(() => resolve(result)));
  }

  function living(): readonly Session[] {
    const alive = [...sessions.values()].filter(({ endReason, expiresAt }) => endReason === null && expiresAt.getTime() > scheduler.now());
    return alive.map(({ endReason: _none, ...session }) => session);
  }

  function announce(id: string): void {
    for (const { onChanged } of followers) onChanged(id);
  }

  function put(given: Partial<SessionState> & { id: string }): void {
    const before = sessions.get(given.id) ?? { ...fakeSession({ userId: 'ada' }), endReason: null };
    sessions.set(given.id, { ...before, ...given });
  }

  return {
    scheduler,
    sessions,
    living,
    announce,
    put,
    /** Writes and announces. */
    change: (given: Partial<SessionState> & { id: string }): void => {
      put(given);
      announce(given.id);
    },
    lose: () => followers.forEach(({ onLost }) => onLost()),
    fail: (down: boolean) => void (isDown = down),
    hold: () => void (held = []),
    /** Lets the readings go that are held. */
    release: async (): Promise<void> => {
      for (const answerNow of held?.splice(0) ?? []) answerNow();
      await new Promise(setImmediate);
    },
    followers,
    counts: () => ({ reads, readMany }),
    open: async () => {
      const ends: string[] = [];
      const subscription = await openSessionSubscription({
        follow(follower) {
          followers.add(follower);
          return () => void followers.delete(follower);
        },
        readAll: () => answer(living()),
        read(ids) {
          readMany = ids;
          return answer(ids.flatMap((id) => sessions.get(id) ?? []));
        },
        scheduler,
        logger,
        onEnd: () => ends.push('ended'),
      });
      return {
        ...subscription,
        ends,
        next: async (): Promise<SessionEvent> => {
          const result = await subscription.events.next();
          if (result.done === true) throw new Error('the subscription has ended');
          return result.value;
        },
      };
    },
  };
}

describe('The subscription to one’s own sessions', () => {
  it('gives back what it held when the first reading fails', async () => {
    const { open, fail, followers } = create();
    fail(true);
    await expect(open()).rejects.toThrow('down');
    expect(followers.size).toBe(0);
  });

  it('ends at once when its client leaves, also while it waits, and leaves nothing behind', async () => {
    const { open, followers, scheduler, change, fail } = create();
    const { events, next, ends } = await open();
    await next();
    fail(true);
    change({ id: 'a' });
    await new Promise(setImmediate);
    const waiting = events.next();
    await events.return?.();
    expect((await waiting).done).toBe(true);
    expect([ends, followers.size, scheduler.waiting]).toEqual([['ended'], 0, 0]);
  });

  it('tells all that live first, then what starts, changes and ends', async () => {
    const { open, put, change } = create();
    put({ id: 'a' });
    put({ id: 'over', endReason: 'LOGOUT' });
    const { next } = await open();
    expect(await next()).toMatchObject({ kind: 'Snapshot', sessions: [{ id: 'a' }] });
    change({ id: 'b', device: 'Phone' });
    expect(await next()).toMatchObject({ kind: 'Started', session: { id: 'b', device: 'Phone' } });
    change({ id: 'b', data: { a: 1 }, version: 1 });
    expect(await next()).toMatchObject({ kind: 'Updated', session: { id: 'b', data: { a: 1 }, version: 1 } });
    change({ id: 'b', endReason: 'TOKEN_REUSE' });
    expect(await next()).toEqual({ kind: 'Ended', sessionId: 'b', reason: 'TOKEN_REUSE' });
  });

  it('tells nothing twice, and nothing of what is no news', async () => {
    const { open, put, change, announce } = create();
    const endOfDay = new Date(Date.UTC(2026, 11, 1) - 60_000);
    put({ id: 'a', expiresAt: endOfDay });
    const { next } = await open();
    await next();
    announce('a');
    change({ id: 'a', lastSeenAt: new Date(0), expiresAt: new Date(endOfDay.getTime() + 59_999) });
    change({ id: 'unknown', endReason: 'LOGOUT' });
    announce('nowhere');
    await new Promise(setImmediate);
    change({ id: 'a', expiresAt: new Date(endOfDay.getTime() + 60_000) });
    expect(await next()).toMatchObject({ kind: 'Updated', session: { id: 'a' } });
    change({ id: 'a', endReason: 'ENDED' });
    expect(await next()).toMatchObject({ kind: 'Ended' });
    announce('a');
    await new Promise(setImmediate);
    change({ id: 'b' });
    expect(await next()).toMatchObject({ kind: 'Started' });
  });

  it('tells that a session has expired, that one was erased, and that one lives again', async () => {
    const { open, put, change, announce, sessions, scheduler } = create();
    put({ id: 'a', expiresAt: new Date(scheduler.now() + 1_000) });
    put({ id: 'b' });
    const { next } = await open();
    await next();
    scheduler.advance(1_000);
    announce('a');
    expect(await next()).toEqual({ kind: 'Ended', sessionId: 'a', reason: 'EXPIRED' });
    sessions.delete('b');
    announce('b');
    expect(await next()).toEqual({ kind: 'Ended', sessionId: 'b', reason: 'DELETED' });
    change({ id: 'a', expiresAt: new Date(scheduler.now() + dayMs) });
    expect(await next()).toMatchObject({ kind: 'Started', session: { id: 'a' } });
  });

  it('misses nothing that happens during its first reading', async () => {
    const { open, change, hold, release } = create();
    hold();
    const opening = open();
    change({ id: 'a' });
    await release();
    const { next } = await opening;
    expect(await next()).toEqual({ kind: 'Snapshot', sessions: [] });
    const started = next();
    await release();
    expect(await started).toMatchObject({ kind: 'Started', session: { id: 'a' } });
  });

  it('tells everything anew when something may have been missed, also when that is during a reading', async () => {
    const { open, put, lose, hold, release } = create();
    const { next } = await open();
    await next();
    put({ id: 'a' });
    lose();
    expect(await next()).toMatchObject({ kind: 'Snapshot', sessions: [{ id: 'a' }] });
    hold();
    lose();
    put({ id: 'b' });
    lose();
    await release();
    expect(await next()).toMatchObject({ kind: 'Snapshot', sessions: [{ id: 'a' }] });
    const again = next();
    await release();
    expect(await again).toMatchObject({ kind: 'Snapshot', sessions: [{ id: 'a' }, { id: 'b' }] });
  });

  it('reads again a second after a reading has failed', async () => {
    const { open, change, fail, scheduler, counts } = create();
    const { next } = await open();
    await next();
    fail(true);
    change({ id: 'a' });
    await new Promise(setImmediate);
    fail(false);
    scheduler.advance(999);
    expect(counts().reads).toBe(2);
    scheduler.advance(1);
    expect(await next()).toMatchObject({ kind: 'Started', session: { id: 'a' } });
  });

  it('keeps the last state alone for a client that takes nothing, and all of it anew above 500 sessions', async () => {
    const { open, change, counts } = create();
    const { next } = await open();
    for (let version = 1; version <= 1_000; version += 1) change({ id: 'a', version });
    await new Promise(setImmediate);
    expect(counts().reads).toBe(1);
    await next();
    expect(await next()).toMatchObject({ kind: 'Started', session: { version: 1_000 } });
    expect(counts()).toMatchObject({ reads: 2, readMany: ['a'] });

    change({ id: 'a', version: 2_000 });
    await new Promise(setImmediate);
    for (let index = 0; index < 500; index += 1) change({ id: `s${index}` });
    expect(await next()).toMatchObject({ kind: 'Updated' });
    for (let index = 0; index < 500; index += 1) expect(await next()).toMatchObject({ kind: 'Started' });
    change({ id: 'a', version: 3_000 });
    await new Promise(setImmediate);
    for (let index = 0; index < 501; index += 1) change({ id: `t${index}` });
    const { kind, ...rest } = await next();
    expect(kind).toBe('Snapshot');
    expect((rest as { sessions: unknown[] }).sessions).toHaveLength(1_002);
  });
});

/** One thing that happens to three sessions, to the news of it, or to who reads and takes. */
type Step =
  | { readonly kind: 'Change'; readonly id: string; readonly what: 'start' | 'update' | 'refresh' | 'expire' | 'end' | 'revive' | 'erase' }
  | { readonly kind: 'Deliver' | 'Release' | 'Take' | 'Lose' | 'Fail' | 'Recover' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('Change' as const),
      id: fc.constantFrom('a', 'b', 'c'),
      what: fc.constantFrom(
        'start' as const,
        'update' as const,
        'refresh' as const,
        'expire' as const,
        'end' as const,
        'revive' as const,
        'erase' as const,
      ),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom('Deliver' as const, 'Release' as const, 'Take' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('Lose' as const, 'Fail' as const, 'Recover' as const) }) },
);

describe('However changes, news, readings and a client’s own pace fall together', () => {
  it('the client ends with what there is, and hears nothing that it knew', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 10 }), fc.array(step, { maxLength: 60 }), async (before, after) => {
        const { open, put, sessions, living, announce, lose, fail, hold, release, scheduler } = create();
        const undelivered: string[] = [];
        const seen = new Map<string, string>();
        let subscribed: { readonly next: () => Promise<SessionEvent> } | null = null;
        let waiting: Promise<void> | undefined;
        const essence = ({ device, version, expiresAt }: Session): string =>
          [device, version, Math.floor(expiresAt.getTime() / dayMs)].join();

        function change(id: string, what: Extract<Step, { kind: 'Change' }>['what']): void {
          const session = sessions.get(id);
          const end = (endReason: EndReason) => session?.endReason === null && put({ id, endReason });
          if (session === undefined) {
            if (what === 'start') put({ id });
            else return;
          } else if (what === 'update') put({ id, version: session.version + 1 });
          else if (what === 'refresh') put({ id, expiresAt: new Date(session.expiresAt.getTime() + dayMs / 4) });
          else if (what === 'expire') end('EXPIRED');
          else if (what === 'end') end('LOGOUT');
          else if (what === 'revive' && session.endReason === 'EXPIRED') put({ id, endReason: null });
          else if (what === 'erase') sessions.delete(id);
          undelivered.push(id);
        }
        function hear(event: SessionEvent): void {
          switch (event.kind) {
            case 'Snapshot':
              seen.clear();
              for (const session of event.sessions) seen.set(session.id, essence(session));
              return;
            case 'Started':
              expect(seen.has(event.session.id)).toBe(false);
              seen.set(event.session.id, essence(event.session));
              return;
            case 'Updated':
              expect(seen.get(event.session.id)).not.toBe(essence(event.session));
              expect(seen.has(event.session.id)).toBe(true);
              seen.set(event.session.id, essence(event.session));
              return;
            case 'Ended':
              expect(seen.delete(event.sessionId)).toBe(true);
          }
        }
        async function take(): Promise<void> {
          if (subscribed === null) return;
          waiting ??= subscribed.next().then((event) => {
            waiting = undefined;
            hear(event);
          });
          await new Promise(setImmediate);
        }
        async function run({ kind, ...given }: Step): Promise<void> {
          if (kind === 'Change') change((given as { id: string }).id, (given as { what: 'start' }).what);
          else if (kind === 'Take') await take();
          else if (kind === 'Release') await release();
          else if (kind === 'Lose') lose();
          else if (kind === 'Fail') fail(true);
          else if (kind === 'Recover') {
            fail(false);
            scheduler.advance(1_000);
          } else {
            const id = undelivered.shift();
            if (id !== undefined) announce(id);
          }
        }

        hold();
        const opening = open();
        for (const each of before) if (each.kind !== 'Take' && each.kind !== 'Fail') await run(each);
        await release();
        subscribed = await opening;
        for (const each of after) await run(each);

        fail(false);
        for (const id of undelivered.splice(0)) announce(id);
        for (let rest = 0; rest < 20; rest += 1) {
          scheduler.advance(1_000);
          await release();
          await take();
        }
        expect(seen).toEqual(new Map(living().map((session) => [session.id, essence(session)])));
      }),
      { numRuns: 1_000 },
    );
  });
});
