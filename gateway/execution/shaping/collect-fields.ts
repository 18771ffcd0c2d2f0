import {
  Kind,
  typeFromAST,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  doTypesOverlap,
  type DirectiveNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type InlineFragmentNode,
  type NamedTypeNode,
  type SelectionSetNode,
  GraphQLSkipDirective,
  GraphQLIncludeDirective,
} from 'graphql';
import { deferLabel } from '../../planning/deferred-fragments.js';

export interface CollectScope {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Whether the Boolean variable is true. */
  readonly isTrue: (name: string) => boolean;
  /** Labels of fragments that are left out because they come later; undefined when none is. */
  readonly deferred?: ReadonlySet<string> | undefined;
}

/** A fragment that is left out of a selection, to be told later. */
export interface LeftFragment {
  readonly label: string;
  readonly fragment: InlineFragmentNode;
}

type CollectedType = GraphQLObjectType | GraphQLInterfaceType;

/**
 * What is selected on an object of `type`, by response name, in the order of the document (CollectFields of the specification). The type is
 * an interface where a subgraph knows it by `@interfaceObject` and nobody was asked for more.
 */
export function collectFields(
  scope: CollectScope,
  type: CollectedType,
  selectionSets: readonly SelectionSetNode[],
  onLeft?: (left: LeftFragment) => void,
): ReadonlyMap<string, readonly [FieldNode, ...FieldNode[]]> {
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
        case Kind.INLINE_FRAGMENT: {
          const label = scope.deferred === undefined ? undefined : deferLabel(selection);
          if (label !== undefined && scope.deferred?.has(label) === true) {
            if (mayApply(scope, selection.typeCondition, type)) onLeft?.({ label, fragment: selection });
            break;
          }
          if (applies(scope, selection.typeCondition, type)) collect(selection.selectionSet);
          break;
        }
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

function applies({ schema }: CollectScope, condition: NamedTypeNode | undefined, type: CollectedType): boolean {
  if (condition === undefined || condition.name.value === type.name) return true;
  const conditional = typeFromAST(schema, condition);
  return isAbstractType(conditional) && schema.isSubType(conditional, type);
}

/** Also where a subgraph knows an object by its interface alone, which may be told by the time when the fragment is. */
function mayApply(scope: CollectScope, condition: NamedTypeNode | undefined, type: CollectedType): boolean {
  if (applies(scope, condition, type)) return true;
  const conditional = condition === undefined ? undefined : typeFromAST(scope.schema, condition);
  return isInterfaceType(type) && isCompositeType(conditional) && doTypesOverlap(scope.schema, type, conditional);
}

function isIncluded(scope: CollectScope, directives: readonly DirectiveNode[] | undefined): boolean {
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

function ifArgument({ isTrue }: CollectScope, { arguments: given = [] }: DirectiveNode): boolean {
  const value = given.find(({ name }) => name.value === 'if')?.value;
  if (value?.kind === Kind.VARIABLE) return isTrue(value.name.value);
  return value?.kind === Kind.BOOLEAN && value.value;
}
