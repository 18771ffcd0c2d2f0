import { buildSync } from 'esbuild';
import { readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const state = { isCompiled: false };

/**
 * The JavaScript of a script of `bench/`, made as the product's own is, whose `dist/` it imports. What is measured must not run by `tsx`,
 * which adds a call to every function that is made.
 */
export function compiled(file: string): string {
  if (!state.isCompiled) {
    const entryPoints = ['.', 'gateway', 'presence'].flatMap((folder) =>
      readdirSync(join(import.meta.dirname, folder))
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(import.meta.dirname, folder, name)),
    );
    buildSync({
      entryPoints,
      outbase: root,
      outdir: join(root, 'dist'),
      format: 'esm',
      platform: 'node',
      target: 'node20',
      sourcemap: true,
    });
    state.isCompiled = true;
  }
  return join(root, 'dist', relative(root, file).replace(/\.ts$/, '.js'));
}
