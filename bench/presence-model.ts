/**
 * `npx tsx bench/presence-model.ts [operations [processes [first seed]]] [--redis]`: random operations on presence under faults, see
 * subgraphs/sessions/model/; with `--redis` on a `redis-server` instead of a simulated one. Fails with the shortest sequence of commands
 * that it finds to break an invariant.
 */
import { startRedis } from '../tests/testkit/services/redis.js';
import { play } from '../subgraphs/sessions/model/play.js';
import { startRedisHost } from '../subgraphs/sessions/model/real-redis.js';

const isReal = process.argv.includes('--redis');
const [operations = 1_000_000, processCount = 3, firstSeed = 1] = process.argv
  .slice(2)
  .filter((given) => given !== '--redis')
  .map(Number);
const host = isReal ? await startRedisHost(startRedis) : null;
if (isReal && host === null) throw new Error('redis-server was not found');
const start = performance.now();
try {
  const { lastSeed, counts, virtualMs, ...played } = await play({
    ...{ operations, processCount, firstSeed, openRedis: host?.open },
    shrinkMs: 120_000,
    onFailure: (what) => console.error(what),
  });
  const [seconds, hours] = [(performance.now() - start) / 1_000, virtualMs / 3_600_000];
  console.log(
    `${played.operations} operations on ${processCount} processes, seeds ${firstSeed} to ${lastSeed}, ${hours.toFixed(1)} hours of virtual time, in ${seconds.toFixed(0)} s`,
  );
  console.log(counts);
} finally {
  await host?.close();
}
