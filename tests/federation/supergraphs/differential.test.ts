import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { generateOperation } from '../../testkit/generated/generated-operation.js';
import { compareAnswers } from './compare-answers.js';
import { definitions } from './definitions.js';
import { federate } from './federation.js';
import { createUniverse } from './universe.js';

// Always the same operations; another seed, and more of them, look for more.
const numRuns = Number(process.env.FEDERATION_RUNS ?? '12');
const seed = Number(process.env.FEDERATION_SEED ?? '20261121');

const isStrict = process.env.FEDERATION_STRICT === '1';

const subgraphsOf = (typeDefs: Readonly<Record<string, string>>) =>
  Object.entries(typeDefs).map(([name, defs]) => ({ name, typeDefs: defs }));

describe.each(Object.entries(definitions))('A supergraph with %s', (_name, typeDefs) => {
  it.each([
    ['what one schema with the same data does', {}],
    ['the same nulls', { nulls: 6 }],
    ['the same errors at the same places', { nulls: 9, errors: 11 }],
  ])('answers any operation with %s', async (_what, weather) => {
    const stages = [1, 2].map((universeSeed) =>
      federate(subgraphsOf(typeDefs), {
        universe: (sdl, schemas) => createUniverse(sdl, schemas, { seed: universeSeed, isStrict, ...weather }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(1), fc.boolean(), async (operationSeed, universe, wantsMutation) => {
        const stage = stages[universe];
        if (stage === undefined) throw new Error('no such universe');
        const { schema } = stage.generation;
        const kind = wantsMutation && (schema.getMutationType() ?? null) !== null ? 'mutation' : 'query';
        expect(await compareAnswers(stage, generateOperation(schema, kind, operationSeed))).toBeUndefined();
      }),
      { numRuns, seed },
    );
  });
});
