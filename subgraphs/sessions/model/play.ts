import fc from 'fast-check';
import { commandSequences, type Command } from './commands.js';
import { createWorld, type World, type WorldOptions } from './world.js';

interface Failure {
  readonly error: unknown;
  readonly commands: readonly Command[];
}

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
  /** The longest sequence of commands, and how many sequences of one seed. */
  readonly sequenceLength?: number;
  readonly batch?: number;
  /** What processes share instead of a simulated Redis. */
  readonly openRedis?: WorldOptions['openRedis'];
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
  const { processCount, operations, firstSeed, openRedis, sequenceLength = 1_000, batch = 10 } = options;
  const { shrinkMs = 20_000, onFailure = () => undefined } = options;
  const counts = new Map<string, number>();
  let played = 0;
  let virtualMs = 0;
  let seed = firstSeed;

  const createWorldOf = () => createWorld({ processCount, random: createRandom(seed), openRedis });

  async function run(world: World, commands: Iterable<Command>): Promise<void> {
    await world.time.pass(1_000);
    await fc.asyncModelRun(() => ({ model: world, real: world }), commands);
    await world.end();
  }

  const property = fc.asyncProperty(commandSequences(sequenceLength), async (commands) => {
    const world = createWorldOf();
    await run(world, commands);
    virtualMs += world.livedMs();
    for (const count of Object.values(world.counts)) played += count;
    for (const [name, count] of [...Object.entries(world.counts), ...Object.entries(world.judge.counts)]) {
      counts.set(name, (counts.get(name) ?? 0) + count);
    }
  });

  /** What fails, and the commands that were run until then; undefined when nothing does, or something else. */
  async function findFailure(commands: Iterable<Command>, kind?: string): Promise<Failure | undefined> {
    const ran: Command[] = [];
    const recorded = Array.from(commands, (command): Command => ({
      check: (world) => command.check(world),
      run(world, same) {
        ran.push(command);
        return command.run(world, same);
      },
      toString: () => command.toString(),
    }));
    try {
      await run(createWorldOf(), recorded);
      return undefined;
    } catch (error) {
      return kind === undefined || kind === kindOf(error) ? { commands: ran, error } : undefined;
    }
  }

  /** Leaves out half of the commands, then quarters, and so on, as long as the rest fails. fast-check would leave out one by one. */
  async function shrink(found: Failure): Promise<Failure> {
    const end = performance.now() + shrinkMs;
    const kind = kindOf(found.error);
    let shortest = found;
    let size = Math.ceil(found.commands.length / 2);
    while (performance.now() < end) {
      const before = shortest.commands.length;
      for (let first = before - size; first > -size && performance.now() < end; first -= size) {
        const { commands } = shortest;
        if (first >= commands.length) continue;
        const fewer = commands.filter((_, index) => index < first || index >= first + size);
        shortest = (await findFailure(fewer, kind)) ?? shortest;
      }
      if (size > 1) size = Math.ceil(size / 2);
      else if (shortest.commands.length === before) break;
    }
    return shortest;
  }

  for (; played < operations; seed += 1) {
    const found = await fc.check(property, { seed, numRuns: batch, endOnFailure: true });
    if (!found.failed) continue;
    onFailure(`seed ${seed} on ${processCount} processes: ${String(found.errorInstance)}`);
    const failure = await findFailure(found.counterexample?.[0] ?? []);
    const { error, commands } = failure === undefined ? { error: 'it did not fail again', commands: [] } : await shrink(failure);
    throw new Error(`Seed ${seed} on ${processCount} processes: ${String(error)}\n${commands.map(String).join('\n')}`, {
      cause: found.errorInstance,
    });
  }
  return { operations: played, lastSeed: seed - 1, counts: Object.fromEntries(counts), virtualMs };
}

/** What is wrong, but not for whom. */
function kindOf(error: unknown): string {
  const [, what = String(error)] = /^Error: [^:]*: ([^:]*)/.exec(String(error)) ?? [];
  return what;
}

/** From 0 to 1, the same for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
