import {
  doTypesOverlap,
  isCompositeType,
  isInterfaceType,
  typeFromAST,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type InlineFragmentNode,
  type SelectionSetNode,
} from 'graphql';
import { applies, collectFields, type FieldNodes, type SelectionScope } from '../../../shared/graphql/documents/collect-fields.js';
import { deferLabel } from '../../planning/deferred-fragments.js';

export interface CollectScope extends SelectionScope {
  /** Labels of fragments that are left out because they come later; undefined when none is. */
  readonly deferred?: ReadonlySet<string> | undefined;
}

/** A fragment that is left out of a selection, to be told later. */
export interface LeftFragment {
  readonly label: string;
  readonly fragment: InlineFragmentNode;
}

/**
 * What is selected on an object of `type` and told at once. The type is an interface where a subgraph knows it by `@interfaceObject` and
 * nobody was asked for more.
 */
export function collectPresent(
  scope: CollectScope,
  type: GraphQLObjectType | GraphQLInterfaceType,
  selectionSets: readonly SelectionSetNode[],
  onLeft?: (left: LeftFragment) => void,
): ReadonlyMap<string, FieldNodes> {
  const { deferred } = scope;
  if (deferred === undefined) return collectFields(scope, type, selectionSets);
  return collectFields(scope, type, selectionSets, (fragment) => {
    const label = deferLabel(fragment);
    if (label === undefined || !deferred.has(label)) return false;
    if (mayApply(scope, fragment, type)) onLeft?.({ label, fragment });
    return true;
  });
}

/** Also where a subgraph knows an object by its interface alone, which may be told by the time when the fragment is. */
function mayApply(scope: CollectScope, { typeCondition }: InlineFragmentNode, type: GraphQLObjectType | GraphQLInterfaceType): boolean {
  if (applies(scope, typeCondition, type)) return true;
  const conditional = typeCondition === undefined ? undefined : typeFromAST(scope.schema, typeCondition);
  return isInterfaceType(type) && isCompositeType(conditional) && doTypesOverlap(scope.schema, type, conditional);
}
