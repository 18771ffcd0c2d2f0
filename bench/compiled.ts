import { readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { buildSync } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
const folders = [
  'bench',
  'bench/gateway',
  'bench/presence',
  ...['', '/gateway', '/product', '/services'].map((part) => `tests/testkit${part}`),
];
const state = { isCompiled: false };

/**
 * The JavaScript of a script of `bench/`, made as the product's own is, whose `dist/` it imports. What is measured must not run by `tsx`,
 * which adds a call to each function that is made while it runs.
 */
export function compiled(file: string): string {
  if (!state.isCompiled) {
    const entryPoints = folders.flatMap((folder) =>
      readdirSync(join(root, folder))
        .filter((name) => /(?<!\.d|\.test)\.ts$/.test(name))
        .map((name) => join(root, folder, name)),
    );
    const outdir = join(root, 'dist');
    buildSync({ entryPoints, outbase: root, outdir, format: 'esm', platform: 'node', target: 'node20', sourcemap: true });
    state.isCompiled = true;
  }
  return join(root, 'dist', relative(root, file).replace(/\.ts$/, '.js'));
}
