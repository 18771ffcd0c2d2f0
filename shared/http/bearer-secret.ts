import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether an `authorization` header has this secret in it, as `Bearer …`. Comparing tells nothing about it. */
export function checkBearer(secret: string): (authorization: string | undefined) => boolean {
  const expected = hash(`Bearer ${secret}`);
  return (authorization = '') => timingSafeEqual(hash(authorization), expected);
}

/** Of equal length for all. */
function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
