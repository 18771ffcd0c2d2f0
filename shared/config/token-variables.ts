import { z } from 'zod';

/** What auth reads about access tokens, as a process of its own and in the all-in-one. To be spread into the schema of an environment. */
export const tokenVariables = {
  /** How long a key signs before the next one does. */
  SIGNING_KEY_ROTATION_DAYS: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, 'must be a number of days from 1 to 999')
    .transform(Number)
    .default(30),
};
