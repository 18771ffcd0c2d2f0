import { z } from 'zod';

const name = z.string().min(1).max(256);

/** What is to be asked for anew. The forms are those of Apollo Router, with `entity` for single objects and `all`. */
export const invalidation = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('all') }),
  z.strictObject({ kind: z.literal('subgraph'), subgraph: name }),
  z.strictObject({ kind: z.literal('type'), subgraph: name.optional(), type: name }),
  z.strictObject({
    kind: z.literal('entity'),
    subgraph: name.optional(),
    type: name,
    /** Fields by which an object is known, such as `{ "id": "1" }`. */
    key: z
      .record(name, z.union([z.string().max(1_000), z.number(), z.boolean()]))
      .refine((key) => Object.keys(key).length > 0, 'must name a field'),
  }),
  z.strictObject({ kind: z.literal('cache_tag'), subgraphs: z.array(name).min(1).max(1_000).optional(), cache_tag: name }),
]);

export type Invalidation = z.output<typeof invalidation>;

export const everything: Invalidation = { kind: 'all' };

/** The one that JSON means; one that cannot be read ends everything, which is never wrong. */
export function readInvalidation(json: string): Invalidation {
  try {
    return invalidation.parse(JSON.parse(json));
  } catch {
    return everything;
  }
}
