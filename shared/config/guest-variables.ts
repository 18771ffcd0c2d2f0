import { z } from 'zod';

/** What auth reads about guests, as a process of its own and in the all-in-one. To be spread into the schema of an environment. */
export const guestVariables = {
  /** After how many days without a sign of life a guest is deleted; 0 keeps them for ever. */
  GUEST_RETENTION_DAYS: z
    .string()
    .regex(/^(0|[1-9]\d{0,3})$/, 'must be a number of days from 1 to 9999, or 0 to keep guests for ever')
    .transform(Number)
    .default(30),
};
