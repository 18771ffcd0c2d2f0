/** What one operation may cost, however it comes in (SECURITY 35). Counted with all fragments written out. */
export interface OperationLimits {
  /** Words and signs of the document: the lexer stops there. */
  readonly maxTokens: number;
  /** Fields within fields, the leaf included. What is below `__schema` and `__type` has a limit of its own. */
  readonly maxDepth: number;
  /** Depth below `__schema` and `__type`, where standard tools ask for types within types. */
  readonly maxIntrospectionDepth: number;
  readonly maxAliases: number;
  readonly maxRootFields: number;
  /** Fields of the whole operation. */
  readonly maxSelections: number;
  /** Fragment definitions in the document. */
  readonly maxFragments: number;
  /** Directives on one field, fragment or operation. */
  readonly maxDirectives: number;
  /** Fragments with `@defer`. */
  readonly maxDeferred: number;
  /** Points of operation-cost.ts. */
  readonly maxCost: number;
  /** The largest number that a page argument (`first`, `last`, `limit`, or what `@listSize` names) may have. */
  readonly maxPageSize: number;
  /** Entries that a list without a page argument is taken to have. No limit: a part of the cost. */
  readonly assumedListSize: number;
  /** Lists and objects within each other, in variables and in arguments written out. */
  readonly maxInputDepth: number;
  /** Lists within each other in one argument written out: the query planner's work doubles with each (docs/adr/0022). */
  readonly maxLiteralLists: number;
  /** Requests to subgraphs that the plan of one operation makes, or of one event of a subscription. */
  readonly maxSubgraphCalls: number;
}

export const defaultOperationLimits: OperationLimits = {
  maxTokens: 15_000,
  maxDepth: 12,
  maxIntrospectionDepth: 20,
  maxAliases: 30,
  maxRootFields: 20,
  maxSelections: 2_000,
  maxFragments: 100,
  maxDirectives: 5,
  maxDeferred: 20,
  maxCost: 20_000,
  maxPageSize: 500,
  assumedListSize: 10,
  maxInputDepth: 50,
  maxLiteralLists: 5,
  maxSubgraphCalls: 50,
};

/** The variable that sets each limit. */
export const limitVariableNames = {
  maxTokens: 'MAX_TOKENS',
  maxDepth: 'MAX_DEPTH',
  maxIntrospectionDepth: 'MAX_INTROSPECTION_DEPTH',
  maxAliases: 'MAX_ALIASES',
  maxRootFields: 'MAX_ROOT_FIELDS',
  maxSelections: 'MAX_SELECTIONS',
  maxFragments: 'MAX_FRAGMENTS',
  maxDirectives: 'MAX_DIRECTIVES',
  maxDeferred: 'MAX_DEFERRED',
  maxCost: 'MAX_COST',
  maxPageSize: 'MAX_PAGE_SIZE',
  assumedListSize: 'ASSUMED_LIST_SIZE',
  maxInputDepth: 'MAX_INPUT_DEPTH',
  maxLiteralLists: 'MAX_LITERAL_LISTS',
  maxSubgraphCalls: 'MAX_SUBGRAPH_CALLS',
} as const satisfies Record<keyof OperationLimits, string>;
