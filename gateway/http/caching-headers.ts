import type { Lifetime } from '../datasources/answer-lifetime.js';

/**
 * What an answer says to caches between here and the client, as names and values in turn. `keptBy`: names of request headers by which answers
 * differ; by the token they differ only where they are private, and a browser must not show one user's to the next.
 */
export function cachingHeaders({ seconds, isPrivate }: Lifetime, keptBy: readonly string[]): readonly string[] | undefined {
  const whole = Math.floor(seconds);
  if (whole < 1) return undefined;
  const vary = isPrivate ? [...keptBy, 'authorization'] : keptBy;
  return ['cache-control', `max-age=${whole}, ${isPrivate ? 'private' : 'public'}`, 'vary', vary.join(', ')];
}
