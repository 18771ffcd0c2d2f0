import {
  isAbstractType,
  Kind,
  typeFromAST,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  type DirectiveNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type InlineFragmentNode,
  type NamedTypeNode,
  type SelectionSetNode,
} from 'graphql';

export interface SelectionScope {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Whether the Boolean variable is true. */
  readonly isTrue: (name: string) => boolean;
}

/** What stands for one response name: at least one field, and those that are merged with it. */
export type FieldNodes = readonly [FieldNode, ...FieldNode[]];

type SelectedType = GraphQLObjectType | GraphQLInterfaceType;

/**
 * What is selected on an object of `type`, by response name, in the order of the document (CollectFields of the specification). Inline
 * fragments for which `isLeft` holds are left out.
 */
export function collectFields(
  scope: SelectionScope,
  type: SelectedType,
  selectionSets: readonly SelectionSetNode[],
  isLeft?: (fragment: InlineFragmentNode) => boolean,
): ReadonlyMap<string, FieldNodes> {
  const fields = new Map<string, [FieldNode, ...FieldNode[]]>();
  const visited = new Set<string>();

  function collect({ selections }: SelectionSetNode): void {
    for (const selection of selections) {
      if (!isIncluded(scope, selection.directives)) continue;
      switch (selection.kind) {
        case Kind.FIELD: {
          const name = selection.alias?.value ?? selection.name.value;
          const known = fields.get(name);
          if (known === undefined) fields.set(name, [selection]);
          else known.push(selection);
          break;
        }
        case Kind.INLINE_FRAGMENT:
          if (isLeft?.(selection) !== true && applies(scope, selection.typeCondition, type)) collect(selection.selectionSet);
          break;
        case Kind.FRAGMENT_SPREAD: {
          const fragment = scope.fragments.get(selection.name.value);
          if (fragment === undefined || visited.has(selection.name.value)) break;
          visited.add(selection.name.value);
          if (applies(scope, fragment.typeCondition, type)) collect(fragment.selectionSet);
        }
      }
    }
  }

  for (const selectionSet of selectionSets) collect(selectionSet);
  return fields;
}

/** Whether a fragment on `condition` is about every object of `type`. */
export function applies({ schema }: SelectionScope, condition: NamedTypeNode | undefined, type: SelectedType): boolean {
  if (condition === undefined || condition.name.value === type.name) return true;
  const conditional = typeFromAST(schema, condition);
  return isAbstractType(conditional) && schema.isSubType(conditional, type);
}

/** Whether `@skip` and `@include` let it in. */
export function isIncluded(scope: Pick<SelectionScope, 'isTrue'>, directives: readonly DirectiveNode[] | undefined): boolean {
  if (directives === undefined || directives.length === 0) return true;
  return directives.every((directive) => {
    switch (directive.name.value) {
      case GraphQLSkipDirective.name:
        return !ifArgument(scope, directive);
      case GraphQLIncludeDirective.name:
        return ifArgument(scope, directive);
      default:
        return true;
    }
  });
}

function ifArgument({ isTrue }: Pick<SelectionScope, 'isTrue'>, { arguments: given = [] }: DirectiveNode): boolean {
  const value = given.find(({ name }) => name.value === 'if')?.value;
  if (value?.kind === Kind.VARIABLE) return isTrue(value.name.value);
  return value?.kind === Kind.BOOLEAN && value.value;
}
