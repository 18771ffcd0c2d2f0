import { z } from 'zod';
import { redisUrl } from '../../shared/config/subgraph-environment.js';
import { rateLimitScale } from '../../shared/rate-limits/rate-limit-scale.js';
import { defaultOperationLimits, limitVariableNames, type OperationLimits } from './operation-limits.js';
import { defaultRateRules, type RateRules } from './operation-rates.js';
import type { TrustedDocumentsMode } from './find-document.js';

/** What clients may ask, from the environment. */
export interface PolicyConfig {
  readonly limits: OperationLimits;
  readonly allowsIntrospection: boolean;
  /** Whether clients may defer fragments. */
  readonly allowsDefer: boolean;
  /** Why GraphiQL is not served at `/`; undefined when it is. */
  readonly withoutPage: string | undefined;
  /** Undefined when there is no manifest, or nobody asks it. */
  readonly trustedDocuments: { readonly path: string; readonly mode: TrustedDocumentsMode } | undefined;
  /** Bytes of documents that clients may leave here; 0 when they may leave none. */
  readonly persistedQueriesBytes: number;
  readonly rates: RateRules;
  /** Shares persisted queries and rates between gateways; undefined when there is only one. */
  readonly redisUrl: string | undefined;
}

const switched = z.enum(['on', 'off']).transform((value) => value === 'on');

/** Not deeper than the stack of everything that comes after, and nothing for which a limit is none. */
const mostLevels = 200;

/** The most that any limit or rate may be. */
export const mostOfAny = 1_000_000_000;

/** The most that an operator may allow; `mostOfAny` for all others. */
export const limitMaximums: Readonly<Partial<Record<keyof OperationLimits, number>>> = {
  maxTokens: 1_000_000,
  maxDepth: mostLevels,
  maxIntrospectionDepth: mostLevels,
  maxFragments: 10_000,
  maxInputDepth: mostLevels,
  maxLiteralLists: 16,
};

function whole(otherwise: number, most = mostOfAny) {
  const message = `must be a whole number from 1 to ${most}`;
  return z
    .string()
    .regex(/^\d{1,10}$/, message)
    .transform(Number)
    .refine((value) => value >= 1 && value <= most, message)
    .default(otherwise);
}

function limit(name: keyof OperationLimits) {
  return whole(defaultOperationLimits[name], limitMaximums[name]);
}

/** To be spread into the schema of an entry's environment. */
export const policyVariables = {
  [limitVariableNames.maxTokens]: limit('maxTokens'),
  [limitVariableNames.maxDepth]: limit('maxDepth'),
  [limitVariableNames.maxIntrospectionDepth]: limit('maxIntrospectionDepth'),
  [limitVariableNames.maxAliases]: limit('maxAliases'),
  [limitVariableNames.maxRootFields]: limit('maxRootFields'),
  [limitVariableNames.maxSelections]: limit('maxSelections'),
  [limitVariableNames.maxFragments]: limit('maxFragments'),
  [limitVariableNames.maxDirectives]: limit('maxDirectives'),
  [limitVariableNames.maxDeferred]: limit('maxDeferred'),
  [limitVariableNames.maxCost]: limit('maxCost'),
  [limitVariableNames.maxPageSize]: limit('maxPageSize'),
  [limitVariableNames.assumedListSize]: limit('assumedListSize'),
  [limitVariableNames.maxInputDepth]: limit('maxInputDepth'),
  [limitVariableNames.maxLiteralLists]: limit('maxLiteralLists'),
  [limitVariableNames.maxSubgraphCalls]: limit('maxSubgraphCalls'),
  INTROSPECTION: switched.default(true),
  DEFER: switched.default(true),
  GRAPHIQL: switched.default(true),
  TRUSTED_DOCUMENTS: z.string().optional().describe('the manifest of trusted documents, which TRUSTED_DOCUMENTS_MODE asks for'),
  TRUSTED_DOCUMENTS_MODE: z.enum(['off', 'prefer', 'only']).optional(),
  PERSISTED_QUERIES: switched.default(true),
  PERSISTED_QUERIES_BYTES: whole(16 * 1024 * 1024),
  RATE_LIMIT_OPERATIONS: whole(defaultRateRules.operations),
  RATE_LIMIT_COST: whole(defaultRateRules.cost),
  RATE_LIMIT_SCALE: rateLimitScale,
  REDIS_URL: redisUrl,
};

type PolicyValues = z.output<z.ZodObject<typeof policyVariables>>;

/** For `superRefine` of the schema that the variables are spread into. */
export function checkPolicyVariables(values: PolicyValues, context: z.RefinementCtx): void {
  const { TRUSTED_DOCUMENTS: path, TRUSTED_DOCUMENTS_MODE: mode } = values;
  if (path === undefined && mode !== undefined && mode !== 'off') {
    context.addIssue({ code: 'custom', path: ['TRUSTED_DOCUMENTS'], message: 'is not set' });
  }
}

export function toPolicyConfig(values: PolicyValues): PolicyConfig {
  const { TRUSTED_DOCUMENTS: path, TRUSTED_DOCUMENTS_MODE: mode = 'prefer', RATE_LIMIT_SCALE: scale } = values;
  const scaled = (most: number): number => Math.max(1, Math.round(most * scale));
  return {
    limits: {
      maxTokens: values.MAX_TOKENS,
      maxDepth: values.MAX_DEPTH,
      maxIntrospectionDepth: values.MAX_INTROSPECTION_DEPTH,
      maxAliases: values.MAX_ALIASES,
      maxRootFields: values.MAX_ROOT_FIELDS,
      maxSelections: values.MAX_SELECTIONS,
      maxFragments: values.MAX_FRAGMENTS,
      maxDirectives: values.MAX_DIRECTIVES,
      maxDeferred: values.MAX_DEFERRED,
      maxCost: values.MAX_COST,
      maxPageSize: values.MAX_PAGE_SIZE,
      assumedListSize: values.ASSUMED_LIST_SIZE,
      maxInputDepth: values.MAX_INPUT_DEPTH,
      maxLiteralLists: values.MAX_LITERAL_LISTS,
      maxSubgraphCalls: values.MAX_SUBGRAPH_CALLS,
    },
    allowsIntrospection: values.INTROSPECTION,
    allowsDefer: values.DEFER,
    withoutPage: withoutPage(values.GRAPHIQL, mode),
    trustedDocuments: path === undefined || mode === 'off' ? undefined : { path, mode },
    // A document that a client leaves is no trusted one.
    persistedQueriesBytes: values.PERSISTED_QUERIES && mode !== 'only' ? values.PERSISTED_QUERIES_BYTES : 0,
    rates: { operations: scaled(values.RATE_LIMIT_OPERATIONS), cost: scaled(values.RATE_LIMIT_COST) },
    redisUrl: values.REDIS_URL,
  };
}

function withoutPage(graphiql: boolean, mode: PolicyValues['TRUSTED_DOCUMENTS_MODE']): string | undefined {
  if (!graphiql) return 'GraphiQL is switched off here (GRAPHIQL).';
  if (mode === 'only') return 'Only trusted documents run here (TRUSTED_DOCUMENTS_MODE), and what is typed into GraphiQL is none.';
  return undefined;
}
