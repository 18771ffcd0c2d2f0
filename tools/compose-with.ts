/**
 * Composes Galaxia's subgraphs with others into one supergraph:
 *   npm run -s compose:with -- --subgraph <name> <url> <schema file> [--subgraph …] --out <file>
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { composeServices } from '@apollo/composition';
import { GraphQLError, parse } from 'graphql';
import { readOwnSubgraphs, type ComposedSubgraph } from '../schema/own-subgraphs.js';

const usage = 'npm run -s compose:with -- --subgraph <name> <url> <schema file> [--subgraph …] --out <supergraph file>';

interface Wanted {
  readonly others: readonly { readonly name: string; readonly url: string; readonly file: string }[];
  readonly out: string;
}

function readArguments(args: readonly string[]): Wanted {
  const others: { name: string; url: string; file: string }[] = [];
  let out: string | undefined;
  for (let at = 0; at < args.length;) {
    const [option, first, url, file] = args.slice(at, at + 4);
    if (option === '--out' && first !== undefined) {
      out = first;
      at += 2;
    } else if (option === '--subgraph' && first !== undefined && url !== undefined && file !== undefined) {
      if (!URL.canParse(url)) throw new Error(`${first}: "${url}" is no URL`);
      others.push({ name: first, url, file });
      at += 4;
    } else throw new Error(usage);
  }
  if (out === undefined || others.length === 0) throw new Error(usage);
  return { others, out };
}

function compose(others: readonly ComposedSubgraph[]): string {
  const result = composeServices(
    [...readOwnSubgraphs(), ...others].map(({ name, url, sdl }) => ({ name, url, typeDefs: parseSdl(name, sdl) })),
  );
  if (result.errors !== undefined) throw new Error(result.errors.map(({ message }) => message).join('\n'));
  return result.supergraphSdl;
}

function parseSdl(name: string, sdl: string) {
  try {
    return parse(sdl);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const { line = 0, column = 0 } = error.locations?.[0] ?? {};
    throw new Error(`[${name}] line ${line}, column ${column}: ${error.message}`, { cause: error });
  }
}

try {
  const { others, out } = readArguments(process.argv.slice(2));
  const supergraph = compose(others.map(({ name, url, file }) => ({ name, url, sdl: readFileSync(file, 'utf8') })));
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${supergraph.trimEnd()}\n`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
