import fc from 'fast-check';
import { commandSequences } from './commands.js';
import { createWorld } from './world.js';

const sequenceLength = 1_000;
/** Sequences of one seed. */
const batch = 10;

export interface Played {
  readonly operations: number;
  /** The last one; they follow each other from the first. */
  readonly lastSeed: number;
  /** How often each command was run, and what was told and judged. */
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Runs random commands in worlds of so many processes, until there were `operations` of them. Rejects with the shortest sequence of
 * commands that it finds to break an invariant, and the seed that finds it again.
 */
export async function play({
  processCount,
  operations,
  firstSeed,
}: {
  readonly processCount: number;
  readonly operations: number;
  readonly firstSeed: number;
}): Promise<Played> {
  const counts = new Map<string, number>();
  let played = 0;
  let seed = firstSeed;
  const property = fc.asyncProperty(commandSequences(sequenceLength), async (commands) => {
    const world = createWorld({ processCount, random: createRandom(seed) });
    await world.time.pass(1_000);
    await fc.asyncModelRun(() => ({ model: world, real: world }), commands);
    await world.end();
    for (const count of Object.values(world.counts)) played += count;
    for (const [name, count] of [...Object.entries(world.counts), ...Object.entries(world.judge.counts)]) {
      counts.set(name, (counts.get(name) ?? 0) + count);
    }
  });
  for (; played < operations; seed += 1) await fc.assert(property, { seed, numRuns: batch });
  return { operations: played, lastSeed: seed - 1, counts: Object.fromEntries(counts) };
}

/** From 0 to 1, the same for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
