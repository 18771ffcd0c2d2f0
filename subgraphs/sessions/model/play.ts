import fc from 'fast-check';
import { commandSequences } from './commands.js';
import { createWorld, type World } from './world.js';

const sequenceLength = 1_000;
/** Sequences of one seed. */
const batch = 10;

type Commands = Iterable<fc.AsyncCommand<World, World>>;

export interface Played {
  readonly operations: number;
  /** The last one; they follow each other from the first. */
  readonly lastSeed: number;
  /** How often each command was run, and what was told and judged. */
  readonly counts: Readonly<Record<string, number>>;
  /** The time that passed in all the worlds together, in ms. */
  readonly virtualMs: number;
}

export interface PlayOptions {
  readonly processCount: number;
  readonly operations: number;
  readonly firstSeed: number;
  /** How long to look for a shorter sequence that fails as well, in ms. */
  readonly shrinkMs?: number;
  /** Called as soon as something fails, before anything shorter is looked for. */
  readonly onFailure?: (what: string) => void;
}

/**
 * Runs random commands in worlds of so many processes, until there were `operations` of them. Rejects with the shortest sequence of
 * commands that it finds in time to break an invariant, and the seed that finds it again.
 */
export async function play(options: PlayOptions): Promise<Played> {
  const { processCount, operations, firstSeed, shrinkMs = 20_000, onFailure = () => undefined } = options;
  const counts = new Map<string, number>();
  let played = 0;
  let virtualMs = 0;
  let seed = firstSeed;

  async function run(commands: Commands): Promise<World> {
    const world = createWorld({ processCount, random: createRandom(seed) });
    await world.time.pass(1_000);
    await fc.asyncModelRun(() => ({ model: world, real: world }), commands);
    await world.end();
    return world;
  }

  const property = fc.asyncProperty(commandSequences(sequenceLength), async (commands) => {
    const world = await run(commands);
    virtualMs += world.livedMs();
    for (const count of Object.values(world.counts)) played += count;
    for (const [name, count] of [...Object.entries(world.counts), ...Object.entries(world.judge.counts)]) {
      counts.set(name, (counts.get(name) ?? 0) + count);
    }
  });

  /** The same failure again, as short as it becomes in the time. */
  async function shrink(path: string): Promise<string> {
    const again = fc.asyncProperty(commandSequences(sequenceLength), async (commands) => {
      await run(commands);
    });
    const shrunk = await fc.check(again, { ...{ seed, path, numRuns: 1 }, interruptAfterTimeLimit: shrinkMs });
    return shrunk.failed ? show(shrunk) : 'it did not fail again';
  }

  for (; played < operations; seed += 1) {
    const found = await fc.check(property, { seed, numRuns: batch, endOnFailure: true });
    if (!found.failed) continue;
    onFailure(`seed ${seed} on ${processCount} processes: ${String(found.errorInstance)}`);
    throw new Error(`Seed ${seed} on ${processCount} processes: ${await shrink(found.counterexamplePath ?? '0')}`, {
      cause: found.errorInstance,
    });
  }
  return { operations: played, lastSeed: seed - 1, counts: Object.fromEntries(counts), virtualMs };
}

function show({ numShrinks, counterexample, errorInstance }: fc.RunDetails<[Commands]>): string {
  return `${String(errorInstance)}\nshrunk ${numShrinks} times: ${fc.stringify(counterexample?.[0])}`;
}

/** From 0 to 1, the same for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
