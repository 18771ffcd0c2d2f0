import { validate as isUuid } from 'uuid';

/** An id that came from a client, as ids are stored; null for what can be no user's. */
export function parseUserId(given: string): string | null {
  return isUuid(given) ? given.toLowerCase() : null;
}
