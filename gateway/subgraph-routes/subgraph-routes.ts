import type { FastifyInstance } from 'fastify';
import { AppError } from '../../shared/errors/app-error.js';
import { clientAddress, type TrustsProxy } from '../../shared/http/client-address.js';
import { isAllowedOrigin, type PageOrigins } from '../../shared/http/origin.js';

export interface SubgraphRoutesOptions {
  /** The subgraphs' own routes in one process, proxies to them otherwise. */
  readonly routes: readonly ((app: FastifyInstance) => Promise<void> | void)[];
  readonly trustsProxy: TrustsProxy;
  readonly origins: PageOrigins;
}

/** Mounts the public HTTP paths of subgraphs, each in a scope of its own. */
export async function addSubgraphRoutes(app: FastifyInstance, options: SubgraphRoutesOptions): Promise<void> {
  // To send a cookie along, a page must be named: "everybody" means those who bring none.
  const named = { ...options.origins, allowed: options.origins.allowed.filter((origin) => origin !== '*') };
  for (const routes of options.routes) {
    await app.register(async (scope) => {
      scope.addHook('onRequest', (request, _reply, done) => {
        // Browsers ask first (CORS) before a page may send a token, and such a page needs no cookie.
        const isByToken = request.headers.authorization !== undefined && request.headers.cookie === undefined;
        if (request.method === 'POST' && !isAllowedOrigin(request.headers, isByToken ? options.origins : named)) {
          done(new AppError('FORBIDDEN', 'Pages of this origin may not do that. Add it to CORS_ORIGINS.'));
          return;
        }
        // What a client says about itself must not get further, in one process either.
        request.headers['x-client-ip'] = clientAddress(request.raw, options.trustsProxy);
        done();
      });
      await routes(scope);
    });
  }
}
