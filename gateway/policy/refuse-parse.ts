import { GraphQLError, Lexer, Source, TokenKind } from 'graphql';
import type { OperationLimits } from './operation-limits.js';
import { tooComplex } from './too-complex.js';

/** What is said of a document that graphql's parser threw at. */
export function refuseParse(error: unknown, text: string, limits: OperationLimits): GraphQLError {
  // Some thousand fields or lists within each other take more stack than there is.
  if (error instanceof RangeError) return tooComplex(deepest(text, limits.maxTokens), limits, 'more');
  if (!(error instanceof GraphQLError)) throw error;
  if (error.message.endsWith(' tokens. Parsing aborted.')) return tooComplex('maxTokens', limits, 'more');
  const { message, nodes, source, positions } = error;
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    extensions: { code: 'GRAPHQL_PARSE_FAILED' },
  });
}

/** What is deeper in the document: its fields, or the values of arguments. */
function deepest(source: string, maxTokens: number): 'maxDepth' | 'maxInputDepth' {
  const lexer = new Lexer(new Source(source));
  const most = { fields: 0, values: 0 };
  let fields = 0;
  let values = 0;
  try {
    for (let count = 0; count < maxTokens && lexer.token.kind !== TokenKind.EOF; count += 1) {
      const { kind } = lexer.advance();
      if (kind === TokenKind.BRACE_L || kind === TokenKind.BRACE_R) {
        const change = kind === TokenKind.BRACE_L ? 1 : -1;
        if (values > 0) values += change;
        else fields += change;
      } else if (kind === TokenKind.PAREN_L || kind === TokenKind.BRACKET_L) values += 1;
      else if (kind === TokenKind.PAREN_R || kind === TokenKind.BRACKET_R) values -= 1;
      most.fields = Math.max(most.fields, fields);
      most.values = Math.max(most.values, values);
    }
  } catch {
    // The parser never came as far as to what is no GraphQL.
  }
  return most.fields > most.values ? 'maxDepth' : 'maxInputDepth';
}
