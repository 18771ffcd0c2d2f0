import { availableParallelism } from 'node:os';
import { z } from 'zod';

/** Processes that one gateway may be. */
export const mostWorkers = 256;
const message = `must be a number of processes from 1 to ${mostWorkers}, or auto for one for each core`;

/** To be spread into the schema of an entry's environment. */
export const workersVariable = {
  WORKERS: z
    .string()
    .regex(/^(auto|\d{1,3})$/, message)
    .transform((text) => (text === 'auto' ? availableParallelism() : Number(text)))
    .refine((count) => count >= 1 && count <= mostWorkers, message)
    .default(1),
};
