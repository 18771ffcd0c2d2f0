import { z } from 'zod';

/** To be spread into the schema of an entry's environment: about how many events the Redis stream `user.events` keeps for readers of the services that this one replaces. */
export const userEventsVariables = {
  USER_EVENTS_MAX_LENGTH: z.coerce.number().int().min(1).default(100_000),
};
