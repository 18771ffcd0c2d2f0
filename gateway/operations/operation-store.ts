import { createHash } from 'node:crypto';
import {
  getOperationAST,
  GraphQLError,
  Kind,
  OperationTypeNode,
  parse,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  specifiedRules,
} from 'graphql';
import type { OperationPlanner, PlannedOperation } from '../planning/operation-planner.js';
import { rememberRunnables, type ToRunnable } from '../planning/runnable-operation.js';
import type { OperationLimits } from '../policy/operation-limits.js';
import { refuseParse } from '../policy/refuse-parse.js';
import { deferRules } from './defer-rules.js';
import { finiteNumbers } from './finite-numbers.js';
import { someSubscriptionField } from './some-subscription-field.js';
import { prepareFittingVariables } from './fitting-variables.js';
import { findVariableNames, renameVariables, type VariableNames } from './variable-names.js';

/** Validation of a hostile document stops after so many errors. */
const maximumErrors = 20;
const capacity = 1_000;
/** Documents above this many characters are not kept. */
const keptLength = 20_000;
/** Characters of all kept documents: a parsed one takes up to 250 bytes for each (measured), and a thousand long ones would be 5 GB. */
const keptCharacters = 500_000;

/** A document of a client, parsed once. */
export interface ParsedOperation {
  readonly source: string;
  /** SHA-256 of `source`, as hex. */
  readonly hash: string;
  readonly operationName: string | undefined;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Variables that have other names in `document` than clients gave them. */
  readonly variableNames: VariableNames;
  /** What graphql's rules refuse; empty for a good one. Costs time on the first call only. */
  validate(): readonly GraphQLError[];
  /** Whether variables certainly fit the definitions of a validated operation; otherwise graphql has to look. */
  fits(variables: Readonly<Record<string, unknown>>): boolean;
  /**
   * The plan of a validated operation. Costs time on the first call only. Throws `UnreachableFieldsError` when no way leads to what it
   * asks for.
   */
  plan(): PlannedOperation;
  /** What is executed for it; `plan` is the plan of that. Throws as `plan` does. */
  readonly runnable: ToRunnable;
}

export type ParseResult =
  { readonly kind: 'parsed'; readonly operation: ParsedOperation } | { readonly kind: 'refused'; readonly errors: readonly GraphQLError[] };

export interface OperationStore {
  /** How many operations were not known yet. */
  misses(): number;
  /** How often an operation was known already, and how often not; and how many are. */
  stats(): { readonly hits: number; readonly misses: number; readonly operations: number };
  parse(source: string, operationName: string | undefined, limits: OperationLimits): ParseResult;
}

/** Keeps the latest operations, least recently used out first: clients send few documents many times. */
export function createOperationStore(generation: { schema: GraphQLSchema; planner: OperationPlanner }): OperationStore {
  const operations = new Map<string, ParsedOperation>();
  let characters = 0;
  let hits = 0;
  let misses = 0;

  function keep(key: string, operation: ParsedOperation): void {
    if (operations.delete(key)) characters -= key.length;
    operations.set(key, operation);
    characters += key.length;
    for (const oldest of operations.keys()) {
      if (operations.size <= capacity && characters <= keptCharacters) return;
      operations.delete(oldest);
      characters -= oldest.length;
    }
  }

  return {
    misses: () => misses,
    stats: () => ({ hits, misses, operations: operations.size }),
    parse(source, operationName, limits) {
      const key = `${operationName ?? ''}\n${source}`;
      const known = operations.get(key);
      if (known !== undefined) {
        hits += 1;
        keep(key, known);
        return { kind: 'parsed', operation: known };
      }
      misses += 1;
      const result = parseOperation(source, operationName, { ...generation, limits });
      if (result.kind === 'parsed' && key.length <= keptLength) keep(key, result.operation);
      return result;
    },
  };
}

function parseOperation(
  source: string,
  operationName: string | undefined,
  { schema, planner, limits }: { schema: GraphQLSchema; planner: OperationPlanner; limits: OperationLimits },
): ParseResult {
  let written: DocumentNode;
  try {
    written = parse(source, { maxTokens: limits.maxTokens });
  } catch (error) {
    return { kind: 'refused', errors: [refuseParse(error, source, limits)] };
  }
  const variableNames = findVariableNames(source, written);
  const document = renameVariables(written, variableNames);
  const operation = getOperationAST(document, operationName);
  if (operation === null || operation === undefined) {
    const message =
      operationName === undefined
        ? 'The document must have exactly one operation, or "operationName" must say which one to run.'
        : `The document has no operation named "${operationName}".`;
    return { kind: 'refused', errors: [new GraphQLError(message, { extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } })] };
  }
  let errors: readonly GraphQLError[] | undefined;
  let fits: ParsedOperation['fits'] | undefined;
  const runnable = rememberRunnables(
    (activeLabels) => planner.plan({ document, operationName, activeLabels }),
    () => parsed,
  );
  const parsed: ParsedOperation = {
    source,
    hash: createHash('sha256').update(source).digest('hex'),
    operationName,
    document,
    operation,
    variableNames,
    validate: () => (errors ??= validateDocument(schema, document)),
    fits: (variables) => (fits ??= prepareFittingVariables(schema, operation))(variables),
    plan: () => runnable().planned,
    runnable,
  };
  return { kind: 'parsed', operation: parsed };
}

const rules = [...specifiedRules, finiteNumbers, someSubscriptionField, ...deferRules];

function validateDocument(schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] {
  try {
    const problems = validate(schema, document, rules, { maxErrors: maximumErrors });
    return problems.map((error) => (error.message === abortedByGraphql ? tooManyRepeats() : refusal(error, 'GRAPHQL_VALIDATION_FAILED')));
  } catch (error) {
    // graphql 16 throws instead of reporting when the root field of a subscription has `@include(if: $variable)`, because its
    // single-field rule collects fields without variables.
    const subscription = document.definitions.some(
      (definition) => definition.kind === Kind.OPERATION_DEFINITION && definition.operation === OperationTypeNode.SUBSCRIPTION,
    );
    const message = subscription
      ? 'The root field of a subscription cannot have "@include" or "@skip" with a variable.'
      : 'The document cannot be validated.';
    return [
      new GraphQLError(message, {
        originalError: error instanceof Error ? error : null,
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
      }),
    ];
  }
}

/** Graphql compares only so many fields that have one name, and says no more than that it has stopped. */
const abortedByGraphql = 'Validation aborted.';

function tooManyRepeats(): GraphQLError {
  const message =
    'The document repeats the same fields, fragments or directives too often to be checked. Ask for each field once in its place.';
  return new GraphQLError(message, { extensions: { code: 'OPERATION_TOO_COMPLEX' } });
}

function refusal(error: unknown, code: string): GraphQLError {
  if (!(error instanceof GraphQLError)) throw error;
  const { message, nodes, source, positions } = error;
  return new GraphQLError(message, { nodes: nodes ?? null, source: source ?? null, positions: positions ?? null, extensions: { code } });
}
