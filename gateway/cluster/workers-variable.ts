import { availableParallelism } from 'node:os';
import { z } from 'zod';

const most = 256;
const message = `must be a number of processes from 1 to ${most}, or auto for one for each core`;

/** To be spread into the schema of an entry's environment. */
export const workersVariable = {
  WORKERS: z
    .string()
    .regex(/^(auto|\d{1,3})$/, message)
    .transform((text) => (text === 'auto' ? availableParallelism() : Number(text)))
    .refine((count) => count >= 1 && count <= most, message)
    .default(1),
};
