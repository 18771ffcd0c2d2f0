import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../shared/logging/logger.js';
import { fakeNews, noon } from './fake-sessions.js';
import { endedKeptMs, startSessionExpiry } from './session-expiry.js';
import { until } from '../../../tests/testkit/until.js';

const logger = createLogger({ name: 'test', level: 'silent' });

function create({ expired = 0, stale = 0 } = {}) {
  let now = noon;
  const counts = { expired, stale, down: 0 };
  const asked: string[] = [];
  const news = fakeNews();
  const loop = startSessionExpiry({
    repository: {
      expire({ now: at, limit }) {
        asked.push(`expire ${at.getTime() - noon}`);
        if (counts.down > 0) {
          counts.down -= 1;
          return Promise.reject(new Error('down'));
        }
        const taken = Math.min(limit, counts.expired);
        counts.expired -= taken;
        return Promise.resolve(Array.from({ length: taken }, (_, index) => ({ userId: 'ada', sessionId: `${index}` })));
      },
      removeEnded({ endedBefore, limit }) {
        asked.push(`remove ${endedBefore.getTime() - noon + endedKeptMs}`);
        const taken = Math.min(limit, counts.stale);
        counts.stale -= taken;
        return Promise.resolve(taken);
      },
    },
    news,
    logger,
    now: () => now,
  });
  return { loop, counts, asked, log: news.log, pass: (ms: number) => void (now += ms) };
}

describe('The end of sessions by time', () => {
  it('is looked for again when the database was not there', async () => {
    const { loop, counts, asked } = create();
    counts.down = 1;
    await until(() => asked.length === 1);
    loop.wake();
    await until(() => asked.length === 3);
    expect(asked).toEqual(['expire 0', 'expire 0', 'remove 0']);
    await loop.close();
  });

  it('is announced for all of them, batch after batch', async () => {
    const { loop, log, counts } = create({ expired: 450 });
    await until(() => log.length === 450);
    expect(counts.expired).toBe(0);
    await loop.close();
  });

  it('is forgotten 30 days later, which is looked for once an hour', async () => {
    const { loop, asked, counts, pass } = create({ stale: 450 });
    await until(() => asked.length === 4);
    expect([asked, counts.stale]).toEqual([['expire 0', 'remove 0', 'remove 0', 'remove 0'], 0]);
    pass(3_599_999);
    loop.wake();
    await until(() => asked.length === 5);
    pass(1);
    loop.wake();
    await until(() => asked.length === 7);
    expect(asked.slice(4)).toEqual(['expire 3599999', 'expire 3600000', 'remove 3600000']);
    expect(endedKeptMs).toBe(30 * 86_400_000);
    await loop.close();
  });
});
