import { GraphQLError, parse } from 'graphql';
import { fileProblem } from '../../shared/config/file-problem.js';

/** More would bury the first. */
const shown = 5;

/** Why a supergraph cannot be used, for operators: one line for each problem, with the file's line where it is known. */
export function describeSupergraphProblem(error: unknown): string {
  const problems = causesOf(error).map(describe);
  const rest = problems.length - shown;
  return [...problems.slice(0, shown), ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n');
}

/** Throws for a schema that nothing has composed: the schema of a subgraph, or one of a server that is none. */
export function checkComposed(sdl: string): void {
  if (sdl.includes('specs.apollo.dev/join/')) return;
  parse(sdl);
  throw new Error(
    'it is a plain schema that was not composed. Compose the supergraph from the schemas of your subgraphs, even of a single one: rover supergraph compose --config supergraph.yaml, or @apollo/composition',
  );
}

/** Federation wraps several errors into one, as `causes`. */
function causesOf(error: unknown): readonly unknown[] {
  const causes: unknown = typeof error === 'object' && error !== null && 'causes' in error ? error.causes : undefined;
  return Array.isArray(causes) && causes.length > 0 ? causes : [error];
}

function describe(error: unknown): string {
  const message = fileProblem(error);
  const line = error instanceof GraphQLError ? error.locations?.[0]?.line : undefined;
  return line === undefined ? message : `line ${line}: ${message}`;
}
