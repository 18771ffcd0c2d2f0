import {
  doTypesOverlap,
  isCompositeType,
  Kind,
  visit,
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import { withoutNamedFragments } from './named-fragments.js';
import { fieldKey, responseName } from './response-names.js';
import { conditionType, typeOf } from './typed-fields.js';

/** What is selected in one place, by the type of the objects that it is selected of. */
interface Placed {
  readonly field: FieldNode;
  readonly parent: GraphQLCompositeType;
}

/**
 * Fields that share a response name with another field of the same objects, each once. That is valid where these are reached through
 * objects of different types: `... on Cat { owner { label: name } } ... on Dog { owner { label: city } }`. The planner asks for both of
 * the owners of cats and dogs alike, and one would overwrite the other.
 */
export function findAmbiguousFields(
  schema: GraphQLSchema,
  { document, operationName }: { readonly document: DocumentNode; readonly operationName: string | undefined },
): readonly FieldNode[] {
  if (!mayBeAmbiguous(document)) return [];
  const found = new Map<string, FieldNode>();
  const operation = withoutNamedFragments(document, operationName);
  const root = schema.getRootType(operation.operation);
  if (root !== undefined && root !== null) compareIn([{ set: operation.selectionSet, parent: root }]);
  return [...found.values()];

  function compareIn(place: readonly { readonly set: SelectionSetNode; readonly parent: GraphQLCompositeType }[]): void {
    const byName = new Map<string, Placed[]>();
    for (const { set, parent } of place) collect(set, parent, byName);
    for (const placed of byName.values()) {
      findShared(placed);
      const below = placed.flatMap(({ field, parent }) => {
        const type = typeOf(field, parent);
        return field.selectionSet === undefined || !isCompositeType(type) ? [] : [{ set: field.selectionSet, parent: type }];
      });
      if (below.length > 0) compareIn(below);
    }
  }

  function collect({ selections }: SelectionSetNode, parent: GraphQLCompositeType, byName: Map<string, Placed[]>): void {
    for (const selection of selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const type = conditionType(schema, selection, parent);
        if (type !== undefined) collect(selection.selectionSet, type, byName);
      } else if (selection.kind === Kind.FIELD) {
        const name = responseName(selection);
        const placed = byName.get(name) ?? [];
        placed.push({ field: selection, parent });
        byName.set(name, placed);
      }
    }
  }

  function findShared(placed: readonly Placed[]): void {
    const kinds = [...new Map(placed.map((each) => [`${fieldKey(each.field)} ${each.parent.name}`, each])).values()];
    for (const { field, parent } of kinds) {
      const key = fieldKey(field);
      const isShared = kinds.some((other) => fieldKey(other.field) !== key && doTypesOverlap(schema, parent, other.parent));
      if (isShared) found.set(key, field);
    }
  }
}

/** Whether a response name stands for several fields, wherever: seldom, and quickly seen. */
function mayBeAmbiguous(document: DocumentNode): boolean {
  const keys = new Map<string, string>();
  let isFound = false;
  visit(document, {
    Field(field) {
      const key = fieldKey(field);
      const name = responseName(field);
      if ((keys.get(name) ?? key) !== key) isFound = true;
      keys.set(name, key);
    },
  });
  return isFound;
}
