import { GraphQLError, type ASTNode } from 'graphql';
import { limitVariableNames, type OperationLimits } from './operation-limits.js';

/** What each limit counts, and what a client can do about it. */
const words: Readonly<Record<Exclude<keyof OperationLimits, 'assumedListSize'>, readonly [what: string, advice: string]>> = {
  maxTokens: ['words and signs', 'Send a shorter document.'],
  maxDepth: ['levels of fields', 'Ask for what is deeper in another operation.'],
  maxIntrospectionDepth: ['levels of introspection', 'Ask for types within types less deeply.'],
  maxAliases: ['aliases', 'Ask for a list, or split the operation.'],
  maxRootFields: ['root fields', 'Split the operation.'],
  maxSelections: ['fields, with fragments written out,', 'Select fewer fields, or split the operation.'],
  maxFragments: ['fragment definitions', 'Leave out the ones that it does not use, or split the document.'],
  maxDirectives: ['directives in one place', 'Leave some out.'],
  maxDeferred: ['deferred fragments', 'Defer fewer of them, or larger ones.'],
  maxCost: ['points of cost', 'Ask for shorter pages or for fewer lists within lists.'],
  maxPageSize: ['entries on a page', 'Ask for a shorter page and follow the cursor.'],
  maxInputDepth: ['levels of lists and objects in arguments and variables', 'Send a flatter value.'],
  maxLiteralLists: ['lists within each other in an argument', 'Send it in a variable.'],
  maxSubgraphCalls: ['requests to subgraphs', 'Select fields of fewer subgraphs, or split the operation.'],
};

/** The refusal of what is above a limit: names the limit, its value, what was found and what to do. */
export function tooComplex(
  limit: keyof typeof words,
  limits: OperationLimits,
  found: number | 'more',
  place?: { readonly nodes?: readonly ASTNode[]; readonly at?: string },
): GraphQLError {
  const [what, advice] = words[limit];
  const has = place?.at ?? 'The operation';
  const amount = found === 'more' ? 'more' : Number.isFinite(found) && found < 1e12 ? String(found) : 'far more';
  return new GraphQLError(
    `${has} has too many ${what}: at most ${limits[limit]} (${limitVariableNames[limit]}), and it has ${amount}. ${advice}`.replace(
      ',:',
      ':',
    ),
    // The second is for our metrics: masking takes it away.
    { nodes: place?.nodes ?? null, extensions: { code: 'OPERATION_TOO_COMPLEX', limit: limitVariableNames[limit] } },
  );
}
