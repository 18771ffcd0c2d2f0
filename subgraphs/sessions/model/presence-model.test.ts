import { describe, expect, it } from '@jest/globals';
import { play } from './play.js';

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
      const { counts } = await play({ processCount, operations, firstSeed: 1 });
      // What was judged is worth something only if there was something to judge.
      for (const name of ['entries', 'compared', 'offline', 'resumed', 'resyncs', 'kill', 'reconnect', 'relate', 'mend']) {
        expect(counts[name] ?? 0).toBeGreaterThan(0);
      }
    },
    180_000,
  );
});
