/**
 * `npx tsx bench/presence-model.ts [operations [processes [first seed]]]`: random operations on presence under faults, see
 * subgraphs/sessions/model/. Fails with the shortest sequence of commands that breaks an invariant.
 */
import { play } from '../subgraphs/sessions/model/play.js';

const [operations = 1_000_000, processCount = 3, firstSeed = 1] = process.argv.slice(2).map(Number);
const start = performance.now();
const { lastSeed, counts, ...played } = await play({ operations, processCount, firstSeed });
const seconds = Math.round((performance.now() - start) / 1_000);
console.log(`${played.operations} operations on ${processCount} processes in ${seconds} s, seeds ${firstSeed} to ${lastSeed}`);
console.log(counts);
