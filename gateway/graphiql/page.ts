import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { pagePolicy } from './page-policy.js';

export interface PageOptions {
  /** Of the built GraphiQL page. */
  readonly folder: string;
  /** Why it is not shown. */
  readonly without?: string | undefined;
  /** Where the page sends uploads and finds images beside here. */
  readonly objectsUrl: string | undefined;
}

/** Serves GraphiQL at `/`; a line of text when it is not wanted or has not been built. */
export async function addPage(app: FastifyInstance, { folder, without, objectsUrl }: PageOptions): Promise<void> {
  const policy = pagePolicy(objectsUrl);
  if (without !== undefined || !existsSync(join(folder, 'index.html'))) {
    const text = ['Galaxia. The GraphQL API is at /graphql.', ...(without === undefined ? [] : [without])].join(' ');
    app.get('/', (_request, reply) => reply.type('text/plain').send(`${text}\n`));
    return;
  }
  // Only where there is a page: a gateway of API requests alone does without it.
  const { default: staticFiles } = await import('@fastify/static');
  await app.register(staticFiles, {
    root: folder,
    wildcard: false,
    cacheControl: false,
    setHeaders(reply, path) {
      void reply.header('content-security-policy', policy);
      // Files in assets/ have a hash of their content in their names.
      void reply.header('cache-control', path.startsWith(join(folder, 'assets')) ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}
