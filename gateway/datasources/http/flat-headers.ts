import type { SubgraphHeaders } from '../../../shared/graphql/subgraph.js';

/** Names and values by turns, as undici takes them at once: `staticHeaders`, which are so already, and those of a caller. */
export function flatHeaders(staticHeaders: readonly string[], headers: SubgraphHeaders): string[] {
  const all = staticHeaders.slice();
  let name: keyof SubgraphHeaders;
  for (name in headers) {
    const value = headers[name];
    if (typeof value === 'string') all.push(name, value);
  }
  return all;
}
