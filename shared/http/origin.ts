import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a page of this origin may open a socket: browsers ask no permission before they do (no CORS), so any site could otherwise use
 * its visitor's network position. Without an `Origin` it is no browser, and there is nothing to protect.
 */
export function isAllowedOrigin({ origin, host }: IncomingHttpHeaders, allowed: readonly string[]): boolean {
  if (origin === undefined) return true;
  if (allowed.includes('*') || allowed.includes(origin)) return true;
  // The scheme does not count: behind a proxy that ends TLS we see http.
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}
