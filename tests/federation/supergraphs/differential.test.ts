import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { generateOperation } from '../../testkit/generated/generated-operation.js';
import { definitions } from './definitions.js';
import { federate } from './federation.js';
import { createUniverse } from './universe.js';

const subgraphsOf = (typeDefs: Readonly<Record<string, string>>) =>
  Object.entries(typeDefs).map(([name, defs]) => ({ name, typeDefs: defs }));

describe.each(Object.entries(definitions))('A supergraph with %s', (_name, typeDefs) => {
  it.each([
    ['what one schema with the same data does', {}],
    ['the same nulls', { nulls: 6 }],
    ['the same errors at the same places', { nulls: 9, errors: 11 }],
  ])('answers any operation with %s', async (_what, weather) => {
    const stages = [1, 2].map((seed) =>
      federate(subgraphsOf(typeDefs), { universe: (sdl, schemas) => createUniverse(sdl, schemas, { seed, ...weather }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(1), fc.boolean(), async (seed, universe, wantsMutation) => {
        const stage = stages[universe];
        if (stage === undefined) throw new Error('no such universe');
        const { schema } = stage.generation;
        const kind = wantsMutation && (schema.getMutationType() ?? null) !== null ? 'mutation' : 'query';
        const { source, variables } = generateOperation(schema, kind, seed);
        const [expected, answer] = [await stage.monolith(source, { ...variables }), await stage.ask(source, { ...variables })];
        // A limit of the gateway, not an answer.
        fc.pre(answer.errors[0]?.code !== 'OPERATION_TOO_COMPLEX');
        const context = { source, variables };
        expect({ ...context, data: answer.data }).toEqual({ ...context, data: JSON.parse(JSON.stringify(expected.data)) as unknown });
        const told = new Set(answer.errors.map(({ path }) => path));
        // A subgraph that nulls an object because of one field keeps the faults of the others to itself.
        const untold = expected.errors.filter(({ path }) => !told.has(path) && isShown(answer.data, path));
        expect({ ...context, told: answer.errors, untold }).toEqual({ ...context, told: answer.errors, untold: [] });
        if (expected.errors.length === 0) expect({ ...context, errors: answer.errors }).toEqual({ ...context, errors: [] });
      }),
      // Always the same operations; another seed looks for more.
      { numRuns: 12, seed: 20261121 },
    );
  });
});

/** Whether what the path is in is there. */
function isShown(data: unknown, path: string): boolean {
  const above = path.split('.').slice(0, -1);
  return above.reduce((value: unknown, key) => (value as Record<string, unknown> | null)?.[key] ?? null, data) !== null;
}
