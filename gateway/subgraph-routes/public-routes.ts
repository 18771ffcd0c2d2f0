import type { SubgraphName } from '../../shared/config/subgraph-environment.js';

/** What a subgraph answers to clients beside GraphQL, for a gateway that has it in another process (`Subgraph.routes`). */
export interface PublicRoutes {
  /** What they are about, for the client whose request they cannot take. */
  readonly title: string;
  readonly routes: readonly { readonly method: 'GET' | 'POST' | 'PUT'; readonly path: string }[];
  /** Whether the browser's cookies are for this subgraph. */
  readonly takesCookies?: boolean;
}

export const publicRoutes: Readonly<Partial<Record<SubgraphName, PublicRoutes>>> = {
  auth: {
    title: 'Sessions',
    routes: [
      { method: 'POST', path: '/session/cookie' },
      { method: 'POST', path: '/session/refresh' },
      { method: 'POST', path: '/session/logout' },
      // The pages that links in mails lead to.
      { method: 'GET', path: '/account/*' },
    ],
    takesCookies: true,
  },
  images: {
    title: 'Images',
    routes: [
      { method: 'PUT', path: '/uploads/*' },
      { method: 'POST', path: '/images' },
      { method: 'GET', path: '/media/*' },
    ],
  },
};
