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
  /** Fragments with `@defer`. */
  readonly deferred: number;
  readonly inputDepth: number;
  /** Lists within each other in one argument. */
  readonly literalLists: number;
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
  deferred: 0,
  inputDepth: 0,
  literalLists: 0,
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
            deferred: below.deferred,
            ...withArguments(below, selection.arguments),
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
      sum.deferred += measure.deferred;
      sum.inputDepth = Math.max(sum.inputDepth, measure.inputDepth);
      sum.literalLists = Math.max(sum.literalLists, measure.literalLists);
    }
    return sum;
  }

  return withDefaults(withDirectives(selectionSet(operation.selectionSet, 0), operation.directives), operation);
}

type InputMeasure = Pick<DocumentMeasure, 'inputDepth' | 'literalLists'>;

function withDirectives(measure: DocumentMeasure, directives: readonly (DirectiveNode | ConstDirectiveNode)[] = []): DocumentMeasure {
  if (directives.length === 0) return measure;
  const inputs = directives.reduce<InputMeasure>((deepest, each) => withArguments(deepest, each.arguments), measure);
  const deferred = measure.deferred + directives.filter(({ name }) => name.value === 'defer').length;
  return { ...measure, ...inputs, deferred, directives: Math.max(measure.directives, directives.length) };
}

/** Variables have default values, and may have directives. */
function withDefaults(measure: DocumentMeasure, { variableDefinitions = [] }: OperationDefinitionNode): DocumentMeasure {
  return variableDefinitions.reduce(
    (sum, { defaultValue, directives }) =>
      withDirectives(defaultValue === undefined ? sum : { ...sum, ...deeper(sum, inputDepth(defaultValue, 0)) }, directives),
    measure,
  );
}

function withArguments(measure: InputMeasure, list: readonly ArgumentNode[] = []): InputMeasure {
  return list.reduce<InputMeasure>((deepest, { value }) => deeper(deepest, inputDepth(value, 0)), {
    inputDepth: measure.inputDepth,
    literalLists: measure.literalLists,
  });
}

function deeper(one: InputMeasure, other: InputMeasure): InputMeasure {
  return { inputDepth: Math.max(one.inputDepth, other.inputDepth), literalLists: Math.max(one.literalLists, other.literalLists) };
}

const plain: InputMeasure = { inputDepth: 0, literalLists: 0 };

/** Lists and objects within each other, and lists alone. */
function inputDepth(value: ValueNode, level: number): InputMeasure {
  if (level > floor) return { inputDepth: floor, literalLists: floor };
  if (value.kind !== Kind.LIST && value.kind !== Kind.OBJECT) return plain;
  const entries = value.kind === Kind.LIST ? value.values : value.fields.map((field) => field.value);
  const below = entries.reduce<InputMeasure>((deepest, each) => deeper(deepest, inputDepth(each, level + 1)), plain);
  return { inputDepth: below.inputDepth + 1, literalLists: below.literalLists + (value.kind === Kind.LIST ? 1 : 0) };
}
