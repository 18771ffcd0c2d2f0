import type { FetchNode } from '@apollo/query-planner';
import { inside, type AskedField } from './asked-fields.js';

/** What is known when a fetch at `place` is through: response keys from the root, joined with dots. `fields` are those that it asks for. */
export function fetchedPaths({ outputRewrites = [] }: FetchNode, place: string, fields: readonly AskedField[]): readonly string[] {
  const paths = new Set(fields.map((field) => inside(field.place, field.key)));
  for (const rewrite of outputRewrites) {
    if (rewrite.kind !== 'KeyRenamer') continue;
    const before = insideAll(place, rewrite.path);
    const after = insideAll(place, [...rewrite.path.slice(0, -1), rewrite.renameKeyTo]);
    for (const path of [...paths]) if (path === before || path.startsWith(`${before}.`)) paths.add(after + path.slice(before.length));
  }
  return [...paths];
}

/** Paths of plans also say where lists and types are. */
export function insideAll(place: string, path: readonly (string | number)[]): string {
  return path.map(String).reduce((above, part) => (part === '@' || part.startsWith('... on ') ? above : inside(above, part)), place);
}
