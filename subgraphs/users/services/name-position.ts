import { z } from 'zod';

/** Where a name stands in the order of names, as a cursor holds it. Postgres refuses to compare what the pattern leaves out. */
export const namePosition = z.object({ name: z.string().regex(/^[^\p{Cc}\p{Cs}]*$/u), userId: z.uuid() });
