import { z } from 'zod';
import type { NamePosition } from '../data/search-name-repository.js';

/** Postgres refuses to compare what the pattern leaves out. */
const namePosition = z.object({ name: z.string().regex(/^[^\p{Cc}\p{Cs}]*$/u), userId: z.uuid() });

/** Where a name stands in the order of names, as a cursor holds it; undefined for anything else. */
export function parseNamePosition(value: unknown): NamePosition | undefined {
  return namePosition.safeParse(value).data;
}
