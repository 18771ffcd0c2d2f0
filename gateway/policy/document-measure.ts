import {
  Kind,
  type ArgumentNode,
  type ConstDirectiveNode,
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';

/** How large an operation is, with its fragments written out. */
export interface DocumentMeasure {
  readonly rootFields: number;
  readonly depth: number;
  readonly introspectionDepth: number;
  readonly aliases: number;
  readonly selections: number;
  /** The most in one place. */
  readonly directives: number;
  readonly inputDepth: number;
}

/** Deeper is not looked: every limit is below, and the stack ends somewhere. */
const floor = 400;

const nothing: DocumentMeasure = {
  rootFields: 0,
  depth: 0,
  introspectionDepth: 0,
  aliases: 0,
  selections: 0,
  directives: 0,
  inputDepth: 0,
};

/**
 * Measures `operation` without its schema, and before validation: fragments may be missing, and may spread themselves, which counts as
 * nothing here and is refused by validation. Each fragment is looked at once, so that 30 which spread each other twice cost 30 looks and not
 * a thousand million.
 */
export function measureDocument(document: DocumentNode, operation: OperationDefinitionNode): DocumentMeasure {
  const definitions = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) definitions.set(definition.name.value, definition);
  }
  const fragments = new Map<string, DocumentMeasure>();

  function fragment(name: string, level: number): DocumentMeasure {
    const known = fragments.get(name);
    if (known !== undefined) return known;
    const definition = definitions.get(name);
    if (definition === undefined) return nothing;
    // While it is under way it is nothing, which ends cycles.
    fragments.set(name, nothing);
    const measure = withDirectives(selectionSet(definition.selectionSet, level), definition.directives);
    fragments.set(name, measure);
    return measure;
  }

  /** `rootFields` are those of this set itself. */
  function selectionSet({ selections }: SelectionSetNode, level: number): DocumentMeasure {
    if (level > floor) return { ...nothing, depth: floor, introspectionDepth: floor };
    const sum = { ...nothing };
    for (const selection of selections) {
      let measure: DocumentMeasure;
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        measure = withDirectives(fragment(selection.name.value, level + 1), selection.directives);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        measure = withDirectives(selectionSet(selection.selectionSet, level + 1), selection.directives);
      } else {
        const below = selection.selectionSet === undefined ? nothing : selectionSet(selection.selectionSet, level + 1);
        const isIntrospection = selection.name.value === '__schema' || selection.name.value === '__type';
        measure = withDirectives(
          {
            rootFields: 1,
            depth: isIntrospection ? 1 : below.depth + 1,
            introspectionDepth: isIntrospection ? below.depth + 1 : below.introspectionDepth,
            aliases: below.aliases + (selection.alias === undefined ? 0 : 1),
            selections: below.selections + 1,
            directives: below.directives,
            inputDepth: Math.max(below.inputDepth, deepestArgument(selection.arguments)),
          },
          selection.directives,
        );
      }
      sum.rootFields += measure.rootFields;
      sum.depth = Math.max(sum.depth, measure.depth);
      sum.introspectionDepth = Math.max(sum.introspectionDepth, measure.introspectionDepth);
      sum.aliases += measure.aliases;
      sum.selections += measure.selections;
      sum.directives = Math.max(sum.directives, measure.directives);
      sum.inputDepth = Math.max(sum.inputDepth, measure.inputDepth);
    }
    return sum;
  }

  return withDefaults(withDirectives(selectionSet(operation.selectionSet, 0), operation.directives), operation);
}

function withDirectives(measure: DocumentMeasure, directives: readonly (DirectiveNode | ConstDirectiveNode)[] = []): DocumentMeasure {
  if (directives.length === 0) return measure;
  return {
    ...measure,
    directives: Math.max(measure.directives, directives.length),
    inputDepth: directives.reduce((most, each) => Math.max(most, deepestArgument(each.arguments)), measure.inputDepth),
  };
}

/** Variables have default values, and may have directives. */
function withDefaults(measure: DocumentMeasure, { variableDefinitions = [] }: OperationDefinitionNode): DocumentMeasure {
  return variableDefinitions.reduce(
    (sum, { defaultValue, directives }) =>
      withDirectives(
        defaultValue === undefined ? sum : { ...sum, inputDepth: Math.max(sum.inputDepth, inputDepth(defaultValue, 0)) },
        directives,
      ),
    measure,
  );
}

function deepestArgument(list: readonly ArgumentNode[] = []): number {
  return list.reduce((most, { value }) => Math.max(most, inputDepth(value, 0)), 0);
}

/** Lists and objects within each other: 0 for a plain value. */
function inputDepth(value: ValueNode, level: number): number {
  if (level > floor) return floor;
  if (value.kind === Kind.LIST) return 1 + value.values.reduce((most, each) => Math.max(most, inputDepth(each, level + 1)), 0);
  if (value.kind === Kind.OBJECT) return 1 + value.fields.reduce((most, each) => Math.max(most, inputDepth(each.value, level + 1)), 0);
  return 0;
}
