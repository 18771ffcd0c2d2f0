import { GraphQLError, Kind, type DocumentNode, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import type { CostDirectives } from './cost-directives.js';
import { measureDocument } from './document-measure.js';
import { isWithinDepth } from './input-depth.js';
import { compileCost, type OperationCost, type PageArgument } from './operation-cost.js';
import type { OperationLimits } from './operation-limits.js';
import { tooComplex } from './too-complex.js';

/** What one operation asks of us, with these variables. */
export type OperationVerdict =
  { readonly kind: 'passed'; readonly cost: number } | { readonly kind: 'refused'; readonly errors: readonly GraphQLError[] };

/** The part of the check that depends on variables. */
export type CheckVariables = (variables: Readonly<Record<string, unknown>>) => OperationVerdict;

export interface OperationCheckInput {
  readonly schema: GraphQLSchema;
  readonly directives: CostDirectives;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly limits: OperationLimits;
  readonly allowsIntrospection: boolean;
}

/**
 * Checks all of an operation that its text decides, and compiles what is left for each request. Comes before validation, whose own time
 * grows faster than the document, and takes time in proportion to its length whatever stands in it.
 */
export function checkOperationOnce(input: OperationCheckInput): CheckVariables {
  const errors = documentErrors(input);
  if (errors.length > 0) return refusing(errors);
  const { limits } = input;
  const cost = compileCost({ ...input, assumedListSize: limits.assumedListSize });
  const pages = cost.pages.flatMap(({ field, argument, size }) =>
    size.kind === 'literal' && size.value > limits.maxPageSize ? [pageError({ field, argument }, size.value, limits)] : [],
  );
  if (pages.length > 0) return refusing(pages.slice(0, 1));
  return variableChecks(cost, limits);
}

function refusing(errors: readonly GraphQLError[]): CheckVariables {
  return () => ({ kind: 'refused', errors });
}

/** The first limit that is exceeded: one is enough to refuse, and the others may not be worth counting any more. */
function documentErrors({ document, operation, limits, allowsIntrospection }: OperationCheckInput): GraphQLError[] {
  const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION).length;
  if (fragments > limits.maxFragments) return [tooComplex('maxFragments', limits, fragments)];
  const measure = measureDocument(document, operation);
  if (measure.introspectionDepth > 0 && !allowsIntrospection) {
    return [new GraphQLError('Introspection is switched off here.', { extensions: { code: 'FORBIDDEN' } })];
  }
  const found = [
    ['maxDepth', measure.depth],
    ['maxIntrospectionDepth', measure.introspectionDepth],
    ['maxAliases', measure.aliases],
    ['maxRootFields', measure.rootFields],
    ['maxSelections', measure.selections],
    ['maxDirectives', measure.directives],
    ['maxDeferred', measure.deferred],
    ['maxLiteralLists', measure.literalLists],
    ['maxInputDepth', measure.inputDepth],
  ] as const;
  const exceeded = found.find(([limit, value]) => value > limits[limit]);
  return exceeded === undefined ? [] : [tooComplex(exceeded[0], limits, exceeded[1])];
}

function variableChecks(cost: OperationCost, limits: OperationLimits): CheckVariables {
  const pages = cost.pages.flatMap(({ field, argument, size }) => (size.kind === 'variable' ? [{ field, argument, name: size.name }] : []));
  return (variables) => {
    if (!isWithinDepth(variables, limits.maxInputDepth + 1)) {
      return { kind: 'refused', errors: [tooComplex('maxInputDepth', limits, 'more', { at: 'The value of a variable' })] };
    }
    const page = pages.find(({ name }) => sizeIn(variables, name) > limits.maxPageSize);
    if (page !== undefined) return { kind: 'refused', errors: [pageError(page, sizeIn(variables, page.name), limits)] };
    const points = cost.evaluate(variables);
    return points > limits.maxCost
      ? { kind: 'refused', errors: [tooComplex('maxCost', limits, points)] }
      : { kind: 'passed', cost: points };
  };
}

function pageError({ field, argument }: Pick<PageArgument, 'field' | 'argument'>, found: number, limits: OperationLimits): GraphQLError {
  return tooComplex('maxPageSize', limits, found, { nodes: [field], at: `The argument "${argument}" of "${field.name.value}"` });
}

function sizeIn(variables: Readonly<Record<string, unknown>>, name: string): number {
  const value = variables[name];
  return typeof value === 'number' ? value : 0;
}
