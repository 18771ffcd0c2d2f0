import type { FastifyInstance } from 'fastify';

/**
 * Which methods there are for a path, as for the `Allow` header of a 405; empty when there is nothing at all. Follows all routes that are
 * added to `app` from now on: Fastify itself knows a route by its method alone.
 */
export function followAllowedMethods(app: FastifyInstance): (path: string) => readonly string[] {
  const routes = new Map<string, Set<string>>();
  let patterns: readonly (readonly [RegExp, ReadonlySet<string>])[] | undefined;
  app.addHook('onRoute', ({ url, method }) => {
    // What stands for every path, such as the answer to pages that ask for permission (CORS), makes none of them exist.
    if (/^\/?\*$/.test(url)) return;
    const methods = routes.get(url) ?? new Set<string>();
    for (const each of [method].flat()) methods.add(each);
    routes.set(url, methods);
    patterns = undefined;
  });
  return (path) => {
    patterns ??= [...routes].map(([url, methods]) => [toPattern(url), methods]);
    const found = patterns.flatMap(([pattern, methods]) => (pattern.test(path) ? [...methods] : []));
    return [...new Set(found)].sort();
  };
}

/** Of a route with parameters such as `/media/:name`, and `*` for the rest. */
function toPattern(url: string): RegExp {
  const parts = url.replace(/\/$/, '').split(/(:\w+|\*)/);
  const source = parts.map((part) => (part === '*' ? '.*' : part.startsWith(':') ? '[^/]+' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')));
  return new RegExp(`^${source.join('')}/?$`);
}
