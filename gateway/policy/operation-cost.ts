import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isListType,
  isObjectType,
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  valueFromASTUntyped,
} from 'graphql';
import type { CostDirectives } from './cost-directives.js';
import { createCostProgram, type Expression } from './cost-program.js';

/** Arguments that say how many entries a list will have, where no `@listSize` does. */
const pageArguments = ['first', 'last', 'limit'];
/** A change costs more than a look. */
const mutationWeight = 10;

/** Of a deferred fragment, for each object that has it. */
const partWeight = 1;

/** A page argument that the client filled in. */
export interface PageArgument {
  readonly field: FieldNode;
  readonly argument: string;
  readonly size: { readonly kind: 'literal'; readonly value: number } | { readonly kind: 'variable'; readonly name: string };
}

export interface OperationCost {
  readonly pages: readonly PageArgument[];
  /** Points for these variables, which need not fit the operation. May be infinite. */
  evaluate(variables: Readonly<Record<string, unknown>>): number;
}

/** The cost of a selection: what is there once, and what there is per entry of the page that its parent was asked for. */
interface SelectionCost {
  readonly once: Expression;
  readonly perEntry: Expression;
}

const free: SelectionCost = { once: 0, perEntry: 0 };

/**
 * The static cost of an operation, after IBM's specification and Apollo's way of counting: an object is 1 point, a scalar none, a mutation
 * 10, unless `@cost` says otherwise; what is in a list counts as often as the list has entries: as many as a page argument of its field,
 * or of the field around it (a connection), asks for, `@listSize` says, or `assumedListSize`. Of fragments on different objects only the
 * most expensive counts. A deferred
 * fragment is 1 point for each object that has it. Introspection is free: it has limits of its own. Comes before validation: what the schema does not know is free.
 */
export function compileCost({
  schema,
  directives,
  document,
  operation,
  assumedListSize,
}: {
  schema: GraphQLSchema;
  directives: CostDirectives;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  assumedListSize: number;
}): OperationCost {
  const program = createCostProgram();
  const pages: PageArgument[] = [];
  const defaults = new Map(operation.variableDefinitions?.map(({ variable, defaultValue }) => [variable.name.value, defaultValue]));
  const definitions = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) definitions.set(definition.name.value, definition);
  }
  const fragments = new Map<string, SelectionCost>();

  function fragment(name: string, definition: FragmentDefinitionNode): SelectionCost {
    const known = fragments.get(name);
    if (known !== undefined) return known;
    // Ends cycles.
    fragments.set(name, free);
    const cost = selectionSet(schema.getType(definition.typeCondition.name.value), definition.selectionSet);
    fragments.set(name, cost);
    return cost;
  }

  function selectionSet(parent: GraphQLNamedType | undefined, { selections }: SelectionSetNode): SelectionCost {
    const common: SelectionCost[] = [];
    const byObject = new Map<string, SelectionCost[]>();
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        if (parent !== undefined) common.push(field(parent, selection));
        continue;
      }
      const spread = selection.kind === Kind.FRAGMENT_SPREAD ? definitions.get(selection.name.value) : selection;
      if (spread === undefined) continue;
      const type = spread.typeCondition === undefined ? parent : schema.getType(spread.typeCondition.name.value);
      const own = spread.kind === Kind.FRAGMENT_DEFINITION ? fragment(spread.name.value, spread) : selectionSet(type, spread.selectionSet);
      const cost = isDeferred(selection) ? { ...own, once: program.sum([own.once, partWeight]) } : own;
      if (isAbstractType(parent) && isObjectType(type)) byObject.set(type.name, [...(byObject.get(type.name) ?? []), cost]);
      else common.push(cost);
    }
    const total = (part: keyof SelectionCost): Expression =>
      program.sum([
        ...common.map((each) => each[part]),
        program.most([...byObject.values()].map((costs) => program.sum(costs.map((each) => each[part])))),
      ]);
    return { once: total('once'), perEntry: total('perEntry') };
  }

  function field(parent: GraphQLNamedType, node: FieldNode): SelectionCost {
    const name = node.name.value;
    const definition = 'getFields' in parent ? parent.getFields()[name] : undefined;
    if (definition === undefined || !('args' in definition)) return free;
    const type = getNamedType(definition.type);
    const listSize = directives.listSize(parent.name, name);
    const page = pageSize(node, definition, listSize?.slicingArguments ?? pageArguments) ?? listSize?.assumedSize;
    const weight = directives.fieldWeight(parent.name, name) ?? directives.typeWeight(type.name) ?? ownWeight(parent, type);
    const given = node.arguments?.reduce((sum, each) => sum + (directives.argumentWeight(parent.name, name, each.name.value) ?? 0), 0) ?? 0;

    const below = node.selectionSet === undefined ? free : selectionSet(type, node.selectionSet);
    const dimensions = listDimensions(definition);
    if (dimensions === 0) {
      const entries = program.product(page ?? assumedListSize, below.perEntry);
      return { once: program.sum([given, weight, below.once, entries]), perEntry: 0 };
    }
    const entry = program.sum([weight, below.once, program.product(assumedListSize, below.perEntry)]);
    const entries = program.product(assumedListSize ** (dimensions - 1), entry);
    if (page === undefined) return { once: given, perEntry: entries };
    return { once: program.sum([given, program.product(page, entries)]), perEntry: 0 };
  }

  /** Undefined when no page argument of the field has a value. */
  function pageSize(node: FieldNode, definition: GraphQLField<unknown, unknown>, names: readonly string[]): Expression | undefined {
    const sizes: Expression[] = [];
    for (const { name, defaultValue } of definition.args) {
      if (!names.includes(name)) continue;
      const otherwise = typeof defaultValue === 'number' ? defaultValue : undefined;
      const value = node.arguments?.find((each) => each.name.value === name)?.value;
      if (value?.kind === Kind.VARIABLE) {
        const variable = value.name.value;
        const fallback = defaults.get(variable);
        const number: unknown = fallback === undefined ? undefined : valueFromASTUntyped(fallback);
        pages.push({ field: node, argument: name, size: { kind: 'variable', name: variable } });
        if (typeof number === 'number') pages.push({ field: node, argument: name, size: { kind: 'literal', value: number } });
        sizes.push(program.page(variable, typeof number === 'number' ? number : (otherwise ?? assumedListSize)));
      } else if (value?.kind === Kind.INT) {
        pages.push({ field: node, argument: name, size: { kind: 'literal', value: Number(value.value) } });
        sizes.push(Math.max(0, Number(value.value)));
      } else if (otherwise !== undefined) {
        sizes.push(otherwise);
      }
    }
    return sizes.length === 0 ? undefined : program.most(sizes);
  }

  function ownWeight(parent: GraphQLNamedType, type: GraphQLNamedType): number {
    if (operation.operation === OperationTypeNode.MUTATION && parent === schema.getMutationType()) return mutationWeight;
    return isCompositeType(type) ? 1 : 0;
  }

  const { once, perEntry } = selectionSet(schema.getRootType(operation.operation) ?? undefined, operation.selectionSet);
  return { pages, evaluate: program.evaluator(program.sum([once, program.product(assumedListSize, perEntry)])) };
}

function isDeferred({ directives = [] }: SelectionNode): boolean {
  return directives.some(({ name }) => name.value === 'defer');
}

function listDimensions({ type }: GraphQLField<unknown, unknown>): number {
  let dimensions = 0;
  for (let current = getNullableType(type); isListType(current); current = getNullableType(current.ofType)) dimensions += 1;
  return dimensions;
}
