/**
 * `npx tsx bench/presence-model.ts [operations [processes [first seed]]]`: random operations on presence under faults, see
 * subgraphs/sessions/model/. Fails with the shortest sequence of commands that it finds to break an invariant.
 */
import { play } from '../subgraphs/sessions/model/play.js';

const [operations = 1_000_000, processCount = 3, firstSeed = 1] = process.argv.slice(2).map(Number);
const start = performance.now();
const { lastSeed, counts, virtualMs, ...played } = await play({
  ...{ operations, processCount, firstSeed },
  shrinkMs: 120_000,
  onFailure: (what) => console.error(what),
});
const [seconds, hours] = [(performance.now() - start) / 1_000, virtualMs / 3_600_000];
console.log(
  `${played.operations} operations on ${processCount} processes, seeds ${firstSeed} to ${lastSeed}, ${hours.toFixed(1)} hours of virtual time, in ${seconds.toFixed(0)} s`,
);
console.log(counts);
