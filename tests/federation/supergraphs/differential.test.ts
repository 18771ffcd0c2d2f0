import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { GraphQLSchema } from 'graphql';
import { generateOperation } from '../../testkit/generated/generated-operation.js';
import { compareAnswers } from './compare-answers.js';
import { contextDefinitions } from './context-definitions.js';
import { definitions } from './definitions.js';
import { federate } from './federation.js';
import { createUniverse } from './universe.js';

// Always the same operations; another seed, and more of them, look for more.
const numRuns = Number(process.env.FEDERATION_RUNS ?? '12');
const seed = Number(process.env.FEDERATION_SEED ?? '20261121');

const subgraphsOf = (typeDefs: Readonly<Record<string, string>>) =>
  Object.entries(typeDefs).map(([name, defs]) => ({ name, typeDefs: defs }));

describe.each(Object.entries({ ...definitions, ...contextDefinitions }))('A supergraph with %s', (_name, typeDefs) => {
  let composed: string | undefined;
  it.each([
    ['what one schema with the same data does', {}],
    ['the same nulls', { nulls: 6 }],
    ['the same errors at the same places', { nulls: 9, errors: 11 }],
  ])('answers any operation with %s', async (_what, weather) => {
    const stages = [1, 2].map((universeSeed) => {
      const universe = (sdl: string, schemas: ReadonlyMap<string, GraphQLSchema>) =>
        createUniverse(sdl, schemas, { seed: universeSeed, ...weather });
      const stage = federate(subgraphsOf(typeDefs), { universe, ...(composed === undefined ? {} : { composed }) });
      composed = stage.supergraphSdl;
      return stage;
    });
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(1), fc.boolean(), async (operationSeed, universe, wantsMutation) => {
        const stage = stages[universe];
        if (stage === undefined) throw new Error('no such universe');
        const { schema } = stage.generation;
        const kind = wantsMutation && (schema.getMutationType() ?? null) !== null ? 'mutation' : 'query';
        const operation = generateOperation(schema, kind, operationSeed);
        expect(await compareAnswers(stage, operation)).toBeUndefined();
      }),
      { numRuns, seed },
    );
  });
});
