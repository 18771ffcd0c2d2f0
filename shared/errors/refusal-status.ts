import type { RefusalCode } from './app-error.js';

/** HTTP status of a refusal, where the response as a whole is one. */
export const refusalStatus: Readonly<Record<RefusalCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  BAD_USER_INPUT: 400,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
  OPERATION_TOO_COMPLEX: 400,
};
