/** Builds what has changed, then starts one of the product's processes in this one: `node tools/start.mjs all-in-one|gateway|auth|users|sessions|images`, or one of its commands. */
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './build.mjs';

const entries = {
  'all-in-one': 'gateway/all-in-one.js',
  gateway: 'gateway/main.js',
  auth: 'subgraphs/auth/main.js',
  users: 'subgraphs/users/main.js',
  sessions: 'subgraphs/sessions/main.js',
  images: 'subgraphs/images/main.js',
  admin: 'subgraphs/auth/commands/admin.js',
  'import-users': 'subgraphs/auth/commands/import-users.js',
  'rotate-keys': 'subgraphs/auth/commands/rotate-keys.js',
};

const entry = entries[process.argv[2]];
if (entry === undefined) {
  console.error(`Say what to start: ${Object.keys(entries).join(', ')}`);
  process.exit(2);
}
try {
  await build();
} catch (error) {
  console.error(`\n${error.message}`);
  process.exit(1);
}
process.env.NODE_ENV ??= 'production';
const file = join(resolve(import.meta.dirname, '..'), 'dist', entry);
// As if it had been started itself: commands read their arguments from the third on.
process.argv.splice(1, 2, file);
await import(pathToFileURL(file).href);
