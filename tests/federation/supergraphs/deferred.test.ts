import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { generateDeferred } from '../../testkit/generated/deferred-operation.js';
import { askInParts, pathsOf } from './ask-in-parts.js';
import { contextDefinitions } from './context-definitions.js';
import { definitions } from './definitions.js';
import { federate } from './federation.js';
import { createUniverse, type UniverseOptions } from './universe.js';

// Always the same operations; another seed, and more of them, look for more.
const numRuns = Number(process.env.FEDERATION_RUNS ?? '4');
const seed = Number(process.env.FEDERATION_SEED ?? '20261121');

describe.each(Object.entries({ ...definitions, ...contextDefinitions }))('A supergraph with %s', (_name, typeDefs) => {
  const subgraphs = Object.entries(typeDefs).map(([name, defs]) => ({ name, typeDefs: defs }));
  const open = (weather: Omit<UniverseOptions, 'seed'>) =>
    federate(subgraphs, { universe: (sdl, schemas) => createUniverse(sdl, schemas, { seed: 1, ...weather }) });

  /** For operations of which something is deferred. */
  async function check(stage: ReturnType<typeof open>, compare: (operation: ReturnType<typeof generateDeferred>) => Promise<void>) {
    const { schema } = stage.generation;
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.boolean(), async (operationSeed, wantsMutation) => {
        const kind = wantsMutation && (schema.getMutationType() ?? null) !== null ? 'mutation' : 'query';
        await compare(generateDeferred(schema, kind, operationSeed));
      }),
      { numRuns, seed },
    );
  }

  it('gives in parts what it gives at once, with nulls, and errors where null may be', async () => {
    const stage = open({ nulls: 9, errors: 7, areMild: true });
    await check(stage, async (operation) => {
      const merged = await askInParts(stage, operation);
      if (merged === undefined) return;
      const { data, errors } = await stage.ask(operation.source, { ...operation.variables });
      const told = pathsOf(errors);
      expect({ operation, data: merged.data, told: merged.errors }).toEqual({ operation, data, told: expect.arrayContaining(told) });
      // A part without the field at fault tells where it feels it.
      const invented = merged.errors.filter((path) => !told.some((each) => isAround(path, each)));
      expect({ operation, invented }).toEqual({ operation, invented: [] });
    });
  });

  it('keeps to themselves what goes wrong with its parts, and tells it', async () => {
    const [calm, stormy] = [open({}), open({ errors: 9 })];
    await check(stormy, async (operation) => {
      const merged = await askInParts(stormy, operation);
      if (merged === undefined) return;
      const atOnce = await stormy.ask(operation.source, { ...operation.variables });
      const { data: wanted } = await calm.ask(operation.source, { ...operation.variables });
      expect({ operation, lost: missing(atOnce.data, merged.data) }).toEqual({ operation, lost: [] });
      const lost = missing(wanted, merged.data);
      expect({
        operation,
        untold: lost.filter((path) => ![...merged.errors, ...merged.nulled].some((told) => isAround(path, told))),
      }).toEqual({
        operation,
        untold: [],
      });
      if (isDeepStrictEqual(atOnce.data, wanted) && atOnce.errors.length === 0) expect(merged.errors).toEqual([]);
    });
  });
});

/** Where `found` has not got what `wanted` has. Throws when it has something else. */
function missing(wanted: unknown, found: unknown, path = ''): string[] {
  if (wanted === null || wanted === undefined) return [];
  if (found === null || found === undefined) return [path];
  if (typeof wanted !== 'object') return isDeepStrictEqual(wanted, found) ? [] : fail(`another value at ${path}`);
  if (Array.isArray(wanted) && (found as unknown[]).length !== wanted.length) fail(`another list at ${path}`);
  return Object.entries(wanted).flatMap(([key, value]) =>
    missing(value, (found as Record<string, unknown>)[key], path === '' ? key : `${path}.${key}`),
  );
}

function fail(message: string): never {
  throw new Error(message);
}

/** Whether one of the two is the other or around it. */
function isAround(one: string, other: string): boolean {
  return `${one}.`.startsWith(`${other}.`) || `${other}.`.startsWith(`${one}.`);
}
