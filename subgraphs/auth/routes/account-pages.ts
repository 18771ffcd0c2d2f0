import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { projectRoot } from '../../../shared/config/project-root.js';

const folder = join(projectRoot, 'subgraphs', 'auth', 'pages');

const files = [
  { path: '/account/verify-email', file: 'verify-email.html', type: 'text/html; charset=utf-8' },
  { path: '/account/reset-password', file: 'reset-password.html', type: 'text/html; charset=utf-8' },
  { path: '/account/account.js', file: 'account.js', type: 'text/javascript; charset=utf-8' },
  { path: '/account/account.css', file: 'account.css', type: 'text/css; charset=utf-8' },
] as const;

/** Nothing but our own files, no inline script, no frame around it, and no other address to talk to than this server. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The pages that links in mails lead to. The token stands in the fragment, which browsers send nowhere. */
export function accountPages(): (app: FastifyInstance) => void {
  const pages = files.map(({ file, ...page }) => ({ ...page, content: readFileSync(join(folder, file)) }));
  return (app) => {
    for (const { path, type, content } of pages) {
      app.get(path, (_request, reply) =>
        reply.headers({ 'content-security-policy': policy, 'cache-control': 'no-cache' }).type(type).send(content),
      );
    }
  };
}
