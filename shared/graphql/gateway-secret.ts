import { createHash, timingSafeEqual } from 'node:crypto';

/** Header with which the gateway, and the subgraphs among each other, show that they belong together. */
export const gatewaySecretHeader = 'x-gateway-secret';

/** Compares without telling by its time how much is right. Hashes make the lengths equal. */
export function createSecretCheck(secret: string): (given: unknown) => boolean {
  const expected = digest(secret);
  return (given) => typeof given === 'string' && timingSafeEqual(digest(given), expected);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
