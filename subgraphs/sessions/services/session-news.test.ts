import { describe, expect, it } from '@jest/globals';
import { createRevocations } from '../../../shared/auth/revocations.js';
import { createLogger } from '../../../shared/logging/logger.js';
import { noon } from './fake-sessions.js';
import { createSessionNews } from './session-news.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const [one, two] = [
  { userId: 'ada', sessionId: 'one' },
  { userId: 'ada', sessionId: 'two' },
];

function create({ isStoreDown = false, isPresenceDown = false } = {}) {
  const log: string[] = [];
  const revocations = createRevocations(() => noon);
  revocations.onRevoked((sessionId) => log.push(`revoked ${sessionId}`));
  const news = createSessionNews({
    revocations,
    endPresence({ sessionId }) {
      if (isPresenceDown && sessionId === 'one') return Promise.reject(new Error('down'));
      return Promise.resolve(void log.push(`left ${sessionId}`));
    },
    store: {
      announce(notice) {
        if (isStoreDown) return Promise.reject(new Error('down'));
        return Promise.resolve(void log.push(notice.kind === 'SessionChanged' ? `told ${notice.sessionId}` : notice.kind));
      },
    },
    logger,
  });
  return { news, log };
}

describe('The news of a session', () => {
  it('do not hold up what was changed when the store is down', async () => {
    const { news, log } = create({ isStoreDown: true });
    await news.changed(one);
    expect(log).toEqual([]);
  });

  it('revoke the tokens of ended ones first, whatever comes after, and tell when something is left to do', async () => {
    const { news, log } = create({ isPresenceDown: true });
    await expect(news.ended([one, two], new Date(noon))).rejects.toThrow('down');
    expect(log).toEqual(['revoked one', 'revoked two', 'left two', 'told one', 'told two']);
  });

  it('end the presence before they tell, and do no harm when repeated', async () => {
    const { news, log } = create();
    await news.ended([one], new Date(noon));
    await news.ended([one], new Date(noon));
    expect(log).toEqual(['revoked one', 'left one', 'told one', 'left one', 'told one']);
  });

  it('revoke nothing of expired ones, whose presence runs out by itself if need be', async () => {
    const { news, log } = create({ isPresenceDown: true });
    await news.expired([one, two]);
    expect(log).toEqual(['left two', 'told one', 'told two']);
  });
});
