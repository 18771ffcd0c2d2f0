import type { IncomingHttpHeaders } from 'node:http';

/** Which pages may use us. */
export interface PageOrigins {
  /** Beside our own; `*` for all. */
  readonly allowed: readonly string[];
  /** Where our own pages are; undefined when nobody has said it: then they are where `Host` says, which a name of an attacker may be (DNS rebinding). */
  readonly publicUrl: string | undefined;
}

/**
 * Whether a page of this origin may open a socket: browsers ask no permission before they do (no CORS), so any site could otherwise use
 * its visitor's network position. Without an `Origin` it is no browser, and there is nothing to protect.
 */
export function isAllowedOrigin({ origin, host }: IncomingHttpHeaders, { allowed, publicUrl }: PageOrigins): boolean {
  if (origin === undefined) return true;
  if (allowed.includes('*') || allowed.includes(origin)) return true;
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  // The scheme does not count: behind a proxy that ends TLS we see http.
  return publicUrl === undefined ? page.host === host?.toLowerCase() : isSameHost(page, new URL(publicUrl));
}

function isSameHost(page: URL, own: URL): boolean {
  return page.host === own.host || (page.port === own.port && isLoopback(page) && isLoopback(own));
}

/** This machine is called by any of them in its own browser, and by none of them in others'. */
function isLoopback({ hostname }: URL): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
