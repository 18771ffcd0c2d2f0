import { GraphQLError, parse, validate, type DocumentNode, type GraphQLSchema } from 'graphql';

/** Documents of query plans, which are as many as clients' operations. */
const capacity = 1_000;

export type CheckedDocument =
  { readonly kind: 'valid'; readonly document: DocumentNode } | { readonly kind: 'refused'; readonly errors: readonly GraphQLError[] };

/**
 * Parses and validates, and remembers what was valid: thousands subscribe with one document, and each of its own would cost them a
 * millisecond and several KB. Never throws, which graphql 16's `validate()` does.
 */
export function createDocumentCache(schema: GraphQLSchema): (query: string) => CheckedDocument {
  const known = new Map<string, CheckedDocument>();

  return (query) => {
    const found = known.get(query);
    if (found !== undefined) return found;
    const checked = check(schema, query);
    // What is refused came from nobody's query plan; it must not push out what did.
    if (checked.kind === 'valid') {
      if (known.size >= capacity) known.delete(known.keys().next().value ?? '');
      known.set(query, checked);
    }
    return checked;
  };
}

function check(schema: GraphQLSchema, query: string): CheckedDocument {
  try {
    const document = parse(query, { noLocation: true });
    const problems = validate(schema, document);
    if (problems.length === 0) return { kind: 'valid', document };
    return { kind: 'refused', errors: problems.map((problem) => withCode(problem, 'GRAPHQL_VALIDATION_FAILED')) };
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error));
    const refusal =
      cause instanceof GraphQLError ? withCode(cause, 'GRAPHQL_PARSE_FAILED') : new GraphQLError(cause.message, { originalError: cause });
    return { kind: 'refused', errors: [refusal] };
  }
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  return new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    extensions: { code },
  });
}
