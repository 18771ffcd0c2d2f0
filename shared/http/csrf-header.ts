/** Proves that a request was written by a script of an allowed page: forms cannot set headers, and foreign scripts must ask first (CORS). */
export const csrfHeader = 'x-galaxia-csrf';
