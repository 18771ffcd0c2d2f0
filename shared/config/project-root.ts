import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The folder with the product's package.json, from which schema files, migrations and the GraphiQL page are found. The same code runs
 * as TypeScript (tests) and from `dist/`, which are of different depth; hence the walk up instead of a relative path.
 */
export const projectRoot: string = findRoot(import.meta.dirname);

function findRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'schema'))) return folder;
    if (dirname(folder) === folder) throw new Error(`No project root above ${from}`);
  }
}
