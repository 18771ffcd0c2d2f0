import { describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { fakeNews, fakeSession, noon, viewerOf } from './fake-sessions.js';
import type { MergedSession } from './session-repository.js';
import { createSessionService } from './session-service.js';
import { seenIntervalMs, type ObservedSession, type Session, type SessionObservation } from './session.js';

function observed(seenAt: number): ObservedSession {
  return { ...fakeSession({ lastSeenAt: new Date(seenAt) }), isEnded: false };
}

function create(sessions: readonly Session[] = []) {
  let now = noon;
  let isDown = false;
  let merging: MergedSession | undefined;
  const merged: SessionObservation[] = [];
  const news = fakeNews();
  const service = createSessionService({
    repository: {
      merge(observation) {
        if (isDown) return Promise.reject(new Error('down'));
        merged.push(observation);
        return Promise.resolve(merging ?? { before: null, after: null });
      },
      list: () => Promise.resolve(sessions),
      find: ({ ids }) => Promise.resolve(sessions.filter(({ id }) => ids.includes(id))),
      findStates: () => Promise.resolve([]),
      change: () => Promise.resolve({ kind: 'NotFound' }),
    },
    ends: { endedSince: (since) => Promise.resolve([{ sessionId: 'x', endedAt: since.getTime() }]) },
    own: { find: (_viewer, id) => Promise.resolve(sessions.find((session) => session.id === id) ?? null) },
    news,
    now: () => now,
  });
  return {
    service,
    merged,
    log: news.log,
    pass: (ms: number) => void (now += ms),
    fail: (down: boolean) => void (isDown = down),
    answerMerge: (answer: MergedSession) => void (merging = answer),
  };
}

describe('Using a session', () => {
  it('is written again when the first try failed', async () => {
    const { service, merged, fail } = create();
    const viewer = viewerOf(uuidv7());
    fail(true);
    await expect(service.observe(viewer)).rejects.toThrow('down');
    fail(false);
    await service.observe(viewer);
    expect(merged).toHaveLength(1);
  });

  it('is written at most once a minute, however many requests come at once', async () => {
    const { service, merged, pass } = create();
    const viewer = viewerOf(uuidv7());
    await Promise.all([service.observe(viewer), service.observe(viewer), service.observe(viewer)]);
    pass(seenIntervalMs - 1);
    await service.observe(viewer);
    expect(merged).toHaveLength(1);
    pass(1);
    await service.observe(viewer);
    expect(merged).toHaveLength(2);
  });

  it('is written a minute after another process wrote it, not a minute after that was found', async () => {
    const { service, merged, pass, answerMerge } = create();
    const viewer = viewerOf(uuidv7());
    answerMerge({ before: observed(noon - 40_000), after: null });
    await service.observe(viewer);
    pass(19_999);
    await service.observe(viewer);
    expect(merged).toHaveLength(1);
    pass(1);
    await service.observe(viewer);
    expect(merged).toHaveLength(2);
  });

  it('is tried again after a minute when the clock of another process is ahead', async () => {
    const { service, merged, pass, answerMerge } = create();
    const viewer = viewerOf(uuidv7());
    answerMerge({ before: observed(noon + 3_600_000), after: null });
    await service.observe(viewer);
    pass(seenIntervalMs);
    await service.observe(viewer);
    expect(merged).toHaveLength(2);
  });

  it('is told to the other devices when it is the first that is heard of the session, and not otherwise', async () => {
    const { service, log, pass, answerMerge } = create();
    const viewer = viewerOf(uuidv7());
    answerMerge({ before: null, after: observed(noon) });
    await service.observe(viewer);
    answerMerge({ before: observed(noon), after: observed(noon) });
    pass(seenIntervalMs);
    await service.observe(viewer);
    expect(log).toEqual([`changed ${viewer.sessionId}`]);
  });
});

describe('Sessions to look at', () => {
  it('are refused to an anonymous caller, who has none to find either', async () => {
    const { service } = create([fakeSession({ id: 'a' })]);
    await expect(service.listOwn(null)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await service.findOwn(null, ['a'])).toEqual([]);
  });

  it('have the current one first, then the latest used', async () => {
    const usedAfter = (ms: number) => ({ lastSeenAt: new Date(noon + ms) });
    const { service } = create([
      fakeSession({ id: 'a', ...usedAfter(1) }),
      fakeSession({ id: 'b', ...usedAfter(3) }),
      fakeSession({ id: 'c', ...usedAfter(2) }),
    ]);
    expect((await service.listOwn(viewerOf('a'))).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });
});

describe('Verifying a session', () => {
  it('is null for nobody, refused for one that has ended, and otherwise the session of the token', async () => {
    const session = fakeSession();
    const { service } = create([session]);
    expect(await service.verify(null)).toBeNull();
    await expect(service.verify(viewerOf(uuidv7()))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await service.verify(viewerOf(session.id))).toBe(session);
  });
});

describe('What an event tells', () => {
  it('of the end of a session takes effect each time', async () => {
    const { service, log } = create();
    const ended = { kind: 'Ended', id: 'a', userId: uuidv7(), endedAt: new Date(noon), reason: 'LOGOUT' } as const;
    await service.take(ended);
    await service.take(ended);
    expect(log).toEqual(['ended a', 'ended a']);
  });

  it('of a refresh is told to the other devices when it is news', async () => {
    const { service, log, answerMerge } = create();
    const refreshed = { kind: 'Refreshed', id: 'a', userId: uuidv7(), seenAt: new Date(noon), expiresAt: new Date(noon + 1) } as const;
    await service.take(refreshed);
    answerMerge({ before: null, after: observed(noon) });
    await service.take(refreshed);
    expect(log).toEqual(['changed a']);
  });

  it('is passed on as ended for as long as a token lives, and no longer', async () => {
    const { service } = create();
    expect(await service.endedSince(0)).toEqual([{ sessionId: 'x', endedAt: noon - 600_000 }]);
    expect(await service.endedSince(noon - 1)).toEqual([{ sessionId: 'x', endedAt: noon - 1 }]);
  });
});
