import type { QueryPlan } from '@apollo/query-planner';
import { GraphQLError, type DocumentNode, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import { toGraphQLError } from '../../shared/errors/app-error.js';
import type { Identity } from '../authentication/authenticate.js';
import { clientKey } from './client-key.js';
import { readCostDirectives, type CostDirectives } from './cost-directives.js';
import { findDocument, type DocumentRequest, type FindDocumentOptions, type FoundDocument } from './find-document.js';
import { checkOperationOnce, type CheckVariables } from './operation-check.js';
import { defaultOperationLimits, type OperationLimits } from './operation-limits.js';
import type { OperationRates } from './operation-rates.js';
import { countSubgraphCalls } from './subgraph-calls.js';
import { tooComplex } from './too-complex.js';

export interface OperationPolicyOptions extends FindDocumentOptions {
  readonly limits: OperationLimits;
  /** Whether clients may ask for the schema, and are told which names come close to theirs. */
  readonly allowsIntrospection: boolean;
  /** Undefined when nobody counts. */
  readonly rates: OperationRates | undefined;
}

/** What clients may ask: one for HTTP and WebSocket (SECURITY 38). */
export interface OperationPolicy {
  readonly limits: OperationLimits;
  /** Finds the document that a client means: a promise only when others have to be asked for it. */
  find(request: DocumentRequest): FoundDocument | Promise<FoundDocument>;
  /** Keeps a good document under the hash by which its client wants to ask for it next time. */
  register(hash: string, text: string): void;
  /**
   * Why it may not run, before it is validated; empty when it may. Costs time on the first call for an operation only, apart from what its
   * variables decide. Counts it to its caller, unless it was counted when it began.
   */
  check(input: {
    readonly generation: { readonly schema: GraphQLSchema; readonly supergraphSchema: GraphQLSchema };
    /** As the store of parsed operations keeps it: the same object for the same text. */
    readonly operation: { readonly document: DocumentNode; readonly operation: OperationDefinitionNode };
    readonly identity: Identity;
    readonly variables: Readonly<Record<string, unknown>>;
    readonly wasCounted?: boolean;
  }): readonly GraphQLError[];
  /** Why a validated operation may not run by its plan; empty when it may. */
  checkPlan(plan: QueryPlan): readonly GraphQLError[];
  /** What a client may read of the faults of its document or variables. */
  shown(errors: readonly GraphQLError[]): readonly GraphQLError[];
}

const defaults: OperationPolicyOptions = {
  limits: defaultOperationLimits,
  allowsIntrospection: true,
  trusted: undefined,
  persisted: undefined,
  rates: undefined,
};

export function createOperationPolicy(options: Partial<OperationPolicyOptions> = {}): OperationPolicy {
  const { limits, allowsIntrospection, trusted, persisted, rates } = { ...defaults, ...options };
  // As long as somebody keeps the document, and the schema.
  const checks = new WeakMap<OperationDefinitionNode, CheckVariables>();
  const plans = new WeakMap<QueryPlan, readonly GraphQLError[]>();
  const directives = new WeakMap<GraphQLSchema, CostDirectives>();

  function directivesOf(schema: GraphQLSchema): CostDirectives {
    const known = directives.get(schema) ?? readCostDirectives(schema);
    directives.set(schema, known);
    return known;
  }

  return {
    limits,
    find: (request) => findDocument(request, { trusted, persisted }),
    register: (hash, text) => persisted?.put(hash, text),
    check({ generation, operation: { document, operation }, identity, variables, wasCounted = false }) {
      let check = checks.get(operation);
      if (check === undefined) {
        check = checkOperationOnce({
          schema: generation.schema,
          directives: directivesOf(generation.supergraphSchema),
          document,
          operation,
          limits,
          allowsIntrospection,
        });
        checks.set(operation, check);
      }
      const verdict = check(variables);
      if (verdict.kind === 'refused') return verdict.errors;
      const key = rates === undefined || wasCounted ? undefined : clientKey(identity);
      const excess = key === undefined ? undefined : rates?.take(key, verdict.cost);
      return excess === undefined ? [] : [toGraphQLError(excess)];
    },
    checkPlan(plan) {
      const known = plans.get(plan);
      if (known !== undefined) return known;
      const calls = countSubgraphCalls(plan);
      const errors = calls > limits.maxSubgraphCalls ? [tooComplex('maxSubgraphCalls', limits, calls)] : [];
      plans.set(plan, errors);
      return errors;
    },
    shown: (errors) => (allowsIntrospection ? errors : errors.map(withoutSuggestion)),
  };
}

/** graphql offers the names that come closest to an unknown one, which is a way to read a schema that nobody wants to show. */
function withoutSuggestion(error: GraphQLError): GraphQLError {
  const message = error.message.replace(/\s*Did you mean [\s\S]*$/, '');
  if (message === error.message) return error;
  const { nodes, source, positions, path, extensions } = error;
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    extensions,
  });
}
