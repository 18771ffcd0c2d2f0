/**
 * Composes `schema/supergraph.graphql` (for the gateway) and `schema/api.graphql` (what clients see, for their types) from
 * `schema/subgraphs/*.graphql`: `npm run compose`. With `--check` it writes nothing and fails when one of the two is out of date, when composition gives a hint of level WARN, or when anything lacks a description.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeServices } from '@apollo/composition';
import { buildSchema, Kind, lexicographicSortSchema, parse, printSchema, visit, type ASTNode } from 'graphql';
import { readOwnSubgraphs } from './own-subgraphs.js';

const folder = import.meta.dirname;

const rootTypes = new Set(['Query', 'Mutation', 'Subscription']);
const describable = new Set<string>([
  Kind.OBJECT_TYPE_DEFINITION,
  Kind.INTERFACE_TYPE_DEFINITION,
  Kind.UNION_TYPE_DEFINITION,
  Kind.ENUM_TYPE_DEFINITION,
  Kind.ENUM_VALUE_DEFINITION,
  Kind.INPUT_OBJECT_TYPE_DEFINITION,
  Kind.INPUT_VALUE_DEFINITION,
  Kind.FIELD_DEFINITION,
  Kind.SCALAR_TYPE_DEFINITION,
]);

const services = readOwnSubgraphs();

const result = composeServices(services.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })));
if (result.errors !== undefined) fail(result.errors.map((error) => error.message));

const problems = [
  ...result.hints.filter((hint) => hint.definition.level.name !== 'INFO').map((hint) => hint.toString()),
  ...services.flatMap(({ name, sdl }) => undescribed(sdl).map((coordinate) => `${name}.graphql: ${coordinate} has no description`)),
];
if (problems.length > 0) fail(problems);

const supergraph = `${result.supergraphSdl.trimEnd()}\n`;
buildSchema(supergraph, { assumeValid: true });
const api = `${printSchema(lexicographicSortSchema(result.schema.toAPISchema().toGraphQLJSSchema())).trimEnd()}\n`;

for (const [file, text] of [
  ['supergraph.graphql', supergraph],
  ['api.graphql', api],
] as const) {
  const target = join(folder, file);
  if (!process.argv.includes('--check')) writeFileSync(target, text);
  else if (!existsSync(target) || readFileSync(target, 'utf8') !== text) fail([`schema/${file} is out of date: run \`npm run compose\``]);
}

/** Coordinates of every type, field, argument and enum value in `sdl` that has no description. */
function undescribed(sdl: string): string[] {
  const missing: string[] = [];
  visit(parse(sdl), {
    enter(node, _key, _parent, _path, ancestors) {
      if (!describable.has(node.kind) || ('description' in node && isText(node.description))) return;
      // A subgraph's `Query` and `Mutation` are parts of the supergraph's; their name says it all.
      if (node.kind === Kind.OBJECT_TYPE_DEFINITION && rootTypes.has(node.name.value)) return;
      missing.push(
        [...ancestors.flat().filter(isNamed), node]
          .filter(isNamed)
          .map((part) => part.name.value)
          .join('.'),
      );
    },
  });
  return missing;
}

function isText(description: unknown): boolean {
  return description !== undefined;
}

function isNamed(node: unknown): node is ASTNode & { name: { value: string } } {
  return typeof node === 'object' && node !== null && 'name' in node && describable.has((node as ASTNode).kind);
}

function fail(messages: readonly string[]): never {
  for (const message of messages) console.error(message);
  process.exit(1);
}
