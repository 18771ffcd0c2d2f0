import type { SubgraphHeaders } from './subgraph.js';

/** All that the header contract knows. */
export const subgraphHeaderNames = [
  'authorization',
  'x-request-id',
  'x-user-id',
  'x-user-name',
  'x-client-ip',
  'user-agent',
  'traceparent',
] as const satisfies readonly (keyof SubgraphHeaders)[];

/** Of `values` (an HTTP request's headers, a `connection_init` payload) what the header contract knows; anything else is dropped. */
export function readSubgraphHeaders(values: Readonly<Record<string, unknown>>): SubgraphHeaders {
  const headers: Partial<Record<keyof SubgraphHeaders, string>> = {};
  for (const name of subgraphHeaderNames) {
    const value = values[name];
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}
