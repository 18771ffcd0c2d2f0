import { afterAll, describe, expect, it } from '@jest/globals';
import { startRedis } from '../../../tests/testkit/services/redis.js';
import { orSkip } from '../../../tests/testkit/services/services.js';
import { play, type Played } from './play.js';
import { startRedisHost } from './real-redis.js';

const host = orSkip('redis-server', await startRedisHost(startRedis));
afterAll(() => host?.close());

/** What was judged is worth something only if there was something to judge. */
function expectJudged({ counts }: Played, names: readonly string[]): void {
  for (const name of names) expect([name, counts[name] ?? 0]).not.toEqual([name, 0]);
}

const judged = ['entries', 'compared', 'offline', 'resumed', 'resyncs', 'kill', 'reconnect', 'relate', 'mend'];

/**
 * Clients, processes, Redis and the database in virtual time, with everything of presence real but Redis itself; judge.ts says what must
 * hold, and liveness.ts knows by itself who must be online. `bench/presence-model.ts` does as much of it as one likes.
 */
describe('Whatever users, devices, processes, Redis and the database do', () => {
  it.each([
    { processCount: 1, operations: 10_000 },
    { processCount: 3, operations: 3_000 },
  ])(
    'P4–P9: clients of $processCount processes are told the truth, and only what they may see',
    async ({ processCount, operations }) => {
      expectJudged(await play({ processCount, operations, firstSeed: 1 }), judged);
    },
    180_000,
  );

  if (host !== null) {
    it('P4–P9: clients of 3 processes on a real Redis are told the truth, and only what they may see', async () => {
      const played = await play({ processCount: 3, operations: 600, firstSeed: 2, sequenceLength: 200, batch: 3, openRedis: host.open });
      expectJudged(played, [...judged, 'startRedis', 'flushRedis', 'cut']);
    }, 180_000);
  }
});
