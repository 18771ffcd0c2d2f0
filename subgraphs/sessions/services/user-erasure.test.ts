import { describe, expect, it } from '@jest/globals';
import { fakeNews, noon, viewerOf } from './fake-sessions.js';
import { createUserErasure } from './user-erasure.js';

function create({ isPresenceDown = false } = {}) {
  const news = fakeNews();
  const kept = { sessions: [], presence: null };
  const erasure = createUserErasure({
    repository: {
      erase({ userId, keptSince }) {
        news.log.push(`erased ${userId}, kept since ${noon - keptSince.getTime()}`);
        return Promise.resolve(['one', 'two']);
      },
      read: () => Promise.resolve(kept),
    },
    forgetPresence(userId) {
      news.log.push(`forgot ${userId}`);
      return isPresenceDown ? Promise.reject(new Error('down')) : Promise.resolve();
    },
    news,
  });
  return { erasure, kept, log: news.log };
}

describe('The erasure of a user', () => {
  it('SECURITY 51: stops the tokens also when the presence store is away, and comes again', async () => {
    const { erasure, log } = create({ isPresenceDown: true });
    await expect(erasure.erase('ada', noon)).rejects.toThrow('down');
    expect(log.slice(1)).toEqual(['forgot ada', 'ended one', 'ended two']);
  });

  it('SECURITY 51: keeps for twice the life of a token which sessions have ended, and nobody is told of who has no name', async () => {
    const { erasure, log } = create();
    await erasure.erase('ada', noon);
    expect(log).toEqual(['erased ada, kept since 1200000', 'forgot ada', 'ended one', 'ended two']);
  });

  it('SECURITY 51: shows what is kept to the user alone', async () => {
    const { erasure, kept } = create();
    expect(await erasure.export(null, 'ada')).toBeNull();
    expect(await erasure.export(viewerOf('s', 'bob'), 'ada')).toBeNull();
    expect(await erasure.export(viewerOf('s', 'ada'), 'ada')).toBe(kept);
  });
});
