import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const ports: Readonly<Record<string, number>> = { auth: 4001, users: 4002, sessions: 4003, images: 4004 };

export interface ComposedSubgraph {
  readonly name: string;
  readonly url: string;
  readonly sdl: string;
}

/** Galaxia's subgraphs as they are composed, by name. */
export function readOwnSubgraphs(): readonly ComposedSubgraph[] {
  const folder = join(import.meta.dirname, 'subgraphs');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.graphql'))
    .sort()
    .map((file) => {
      const name = basename(file, '.graphql');
      const port = ports[name];
      if (port === undefined) throw new Error(`schema/own-subgraphs.ts knows no port for the subgraph "${name}"`);
      return { name, url: `http://127.0.0.1:${String(port)}/graphql`, sdl: readFileSync(join(folder, file), 'utf8') };
    });
}
