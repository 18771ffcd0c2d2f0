import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../shared/logging/logger.js';
import { fakeNews, fakeSession, noon, viewerOf } from './fake-sessions.js';
import { createSessionEnds } from './session-ends.js';
import type { Session } from './session.js';

const logger = createLogger({ name: 'test', level: 'silent' });

function create(sessions: readonly Session[], { isPresenceDown = false, areEnded = false } = {}) {
  const news = fakeNews();
  const { log } = news;
  const ends = createSessionEnds({
    repository: {
      end({ sessionId, userId }, { toEvent }) {
        const { payload } = toEvent({ sessionId, userId });
        log.push('committed', JSON.stringify(payload));
        return Promise.resolve(!areEnded);
      },
      endOthers({ sessionId, userId }) {
        log.push('committed');
        const others = sessions.filter(({ id }) => id !== sessionId);
        return Promise.resolve(areEnded ? null : others.map(({ id }) => ({ sessionId: id, userId })));
      },
      endedSince: () => Promise.resolve([]),
      expire: () => Promise.resolve([]),
      removeEnded: () => Promise.resolve(0),
    },
    own: { find: (_viewer, id) => Promise.resolve(sessions.find((session) => session.id === id) ?? null) },
    news: { ...news, ended: (...ended) => (isPresenceDown ? Promise.reject(new Error('down')) : news.ended(...ended)) },
    onAnnounced: () => log.push('announced'),
    logger,
    now: () => noon,
  });
  return { ends, log };
}

describe('Ending a session', () => {
  it('is refused to an anonymous caller', async () => {
    const session = fakeSession();
    const { ends, log } = create([session]);
    await expect(ends.end(null, session.id)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(ends.endOthers(null)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(log).toEqual([]);
  });

  it('does nothing for a session that is not found, or ends at the same time', async () => {
    const session = fakeSession();
    const viewer = viewerOf(session.id);
    const none = create([]);
    expect(await none.ends.end(viewer, session.id)).toEqual({ kind: 'NotFound' });
    expect(none.log).toEqual([]);
    const { ends, log } = create([session], { areEnded: true });
    expect(await ends.end(viewer, session.id)).toEqual({ kind: 'NotFound' });
    expect(log).not.toContain('announced');
  });

  it('commits first, then announces, then does what follows', async () => {
    const session = fakeSession();
    const viewer = viewerOf(session.id);
    const { ends, log } = create([session]);
    expect(await ends.end(viewer, session.id)).toEqual({ kind: 'Ended', sessionId: session.id });
    const payload = { sessionId: session.id, userId: viewer.userId, endedAt: new Date(noon).toISOString(), reason: 'ENDED' };
    expect(log).toEqual(['committed', JSON.stringify(payload), 'announced', `ended ${session.id}`]);
  });

  it('has happened when the presence store is down: the event ends the presence later', async () => {
    const session = fakeSession();
    const { ends, log } = create([session], { isPresenceDown: true });
    expect(await ends.end(viewerOf(session.id), session.id)).toMatchObject({ kind: 'Ended' });
    expect(log).toContain('announced');
  });
});

describe('Ending all sessions but this one', () => {
  it('is refused to a session that has ended itself', async () => {
    const session = fakeSession();
    await expect(create([]).ends.endOthers(viewerOf(session.id))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const { ends, log } = create([session], { areEnded: true });
    await expect(ends.endOthers(viewerOf(session.id))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(log).toEqual(['committed']);
  });

  it('commits first, then announces, then does what follows for each', async () => {
    const [kept, one, two] = [fakeSession(), fakeSession(), fakeSession()];
    const { ends, log } = create([kept, one, two]);
    expect(await ends.endOthers(viewerOf(kept.id))).toEqual([one.id, two.id]);
    expect(log).toEqual(['committed', 'announced', `ended ${one.id}`, `ended ${two.id}`]);
  });

  it('announces nothing when there are no others', async () => {
    const kept = fakeSession();
    const { ends, log } = create([kept]);
    expect(await ends.endOthers(viewerOf(kept.id))).toEqual([]);
    expect(log).toEqual(['committed']);
  });
});
