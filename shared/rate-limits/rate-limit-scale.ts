import { z } from 'zod';

/** `RATE_LIMIT_SCALE`: multiplies every limit. Nothing switches them off: 0 would read as "no limit" to one and "nothing" to another. */
export const rateLimitScale = z
  .string()
  .refine(
    (text) => /^\d+(\.\d+)?$/.test(text) && Number(text) > 0,
    'must be a number above 0, such as 0.5 or 10: every rate limit is multiplied by it',
  )
  .transform(Number)
  .default(1);
