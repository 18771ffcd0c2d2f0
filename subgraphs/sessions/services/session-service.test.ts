import { describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createRevocations } from '../../../shared/auth/revocations.js';
import type { Viewer } from '../../../shared/auth/viewer.js';
import type { SessionRepository } from './session-repository.js';
import { createSessionService, seenIntervalMs } from './session-service.js';
import type { Session, SessionObservation } from './session.js';

const start = Date.UTC(2026, 10, 20, 12);
const userId = uuidv7();

function viewerOf(sessionId: string): Viewer {
  return { userId, sessionId, username: 'ada', roles: ['USER'], authenticatedAt: start, expiresAt: start + 600_000 };
}

function create(sessions: readonly Session[] = [], onWait: (sessions: number) => void = () => undefined) {
  let now = start;
  const merged: SessionObservation[] = [];
  const log: string[] = [];
  let isDown = false;
  let waits = 0;
  const repository: SessionRepository = {
    merge(observation) {
      if (isDown) return Promise.reject(new Error('down'));
      merged.push(observation);
      return Promise.resolve();
    },
    list: () => Promise.resolve(sessions),
    find: ({ ids }) => Promise.resolve(sessions.filter(({ id }) => ids.includes(id))),
    end({ id }) {
      log.push('committed');
      return Promise.resolve(sessions.some((session) => session.id === id));
    },
    endedSince: (since) => Promise.resolve([{ sessionId: 'x', endedAt: since.getTime() }]),
  };
  const revocations = createRevocations(() => now);
  revocations.onRevoked(() => log.push('revoked'));
  const service = createSessionService({
    repository,
    revocations,
    endPresence: () => Promise.resolve(void log.push('left')),
    onAnnounced: () => log.push('announced'),
    now: () => now,
    wait(ms) {
      now += ms;
      onWait((waits += 1));
      return Promise.resolve();
    },
  });
  return {
    service,
    merged,
    log,
    revocations,
    waits: () => waits,
    wait: (ms: number) => void (now += ms),
    fail: (down: boolean) => void (isDown = down),
  };
}

function session(id: string, usedAfter: number): Session {
  const [startedAt, lastSeenAt, expiresAt] = [new Date(start), new Date(start + usedAfter), new Date(start + 86_400_000)];
  return { id, userId, device: null, startedAt, lastSeenAt, expiresAt };
}

describe('Using a session', () => {
  it('is written at most once a minute, however many requests come at once', async () => {
    const { service, merged, wait } = create();
    const viewer = viewerOf(uuidv7());
    await Promise.all([service.observe(viewer), service.observe(viewer), service.observe(viewer)]);
    wait(seenIntervalMs - 1);
    await service.observe(viewer);
    expect(merged).toHaveLength(1);
    wait(1);
    await service.observe(viewer);
    expect(merged).toHaveLength(2);
  });

  it('is written again when the first try failed', async () => {
    const { service, merged, fail } = create();
    const viewer = viewerOf(uuidv7());
    fail(true);
    await expect(service.observe(viewer)).rejects.toThrow('down');
    fail(false);
    await service.observe(viewer);
    expect(merged).toHaveLength(1);
  });
});

describe('The list of sessions', () => {
  it('has the current one first, then the latest used', async () => {
    const { service } = create([session('a', 1), session('b', 3), session('c', 2)]);
    expect((await service.listOwn(viewerOf('a'))).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('is refused to an anonymous caller, who has no sessions to find either', async () => {
    const { service } = create([session('a', 1)]);
    await expect(service.listOwn(null)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(service.end(null, 'a')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await service.findOwn(null, ['a'])).toEqual([]);
  });
});

describe('Ending a session', () => {
  it('commits first, then announces, revokes and takes the presence away', async () => {
    const id = uuidv7();
    const { service, log, revocations } = create([session(id, 0)]);
    expect(await service.end(viewerOf(id), id)).toEqual({ kind: 'Ended', sessionId: id });
    expect(log).toEqual(['committed', 'announced', 'revoked', 'left']);
    expect(revocations.isRevoked(id)).toBe(true);
  });

  it('does nothing for a session that is not found', async () => {
    const { service, log, waits } = create();
    const long = uuidv7({ msecs: start - 60_000 });
    for (const id of [long, 'no id at all', '']) expect(await service.end(viewerOf(uuidv7()), id)).toEqual({ kind: 'NotFound' });
    expect({ log, waits: waits() }).toEqual({ log: [], waits: 0 });
  });

  it('waits for the announcement of one that was opened just now, and not for ever', async () => {
    const id = uuidv7({ msecs: start });
    const known: Session[] = [];
    const { service } = create(known, (waits) => waits === 3 && known.push(session(id, 0)));
    expect(await service.end(viewerOf(uuidv7()), id)).toEqual({ kind: 'Ended', sessionId: id });
    const { service: other, waits } = create();
    expect(await other.end(viewerOf(uuidv7()), id)).toEqual({ kind: 'NotFound' });
    expect(waits()).toBe(40);
  });

  it('takes effect when it is heard of, and a repetition does no harm', async () => {
    const { service, log } = create();
    const ended = { kind: 'Ended', id: uuidv7(), userId, endedAt: new Date(start), reason: 'LOGOUT' } as const;
    await service.take(ended);
    await service.take(ended);
    expect(log).toEqual(['revoked', 'left', 'left']);
  });

  it('is told for as long as a token lives, and no longer', async () => {
    const { service } = create();
    expect(await service.endedSince(0)).toEqual([{ sessionId: 'x', endedAt: start - 600_000 }]);
    expect(await service.endedSince(start - 1)).toEqual([{ sessionId: 'x', endedAt: start - 1 }]);
  });
});
