import {
  isAbstractType,
  isCompositeType,
  Kind,
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { AppError } from '../../shared/errors/app-error.js';
import type { ContextualArgument, ContextualFields } from './contextual-fields.js';
import { withoutNamedFragments } from './named-fragments.js';
import { conditionType, typeOf } from './typed-fields.js';

/** Each interface on the way to a field may multiply what is below it by its types. */
const maximumFields = 2_000;

/**
 * The only operation of the document, with fields of interfaces asked for by the types of objects, where only these set a context that
 * something below needs: the planner goes by the type that is written, passes over such an object, and takes the context of another one
 * that is further up. Without named fragments, from which the planner makes some of its own that have fields without the arguments that
 * contexts fill.
 */
export function tellSettersApart(
  document: DocumentNode,
  operationName: string | undefined,
  { schema, contextual }: { readonly schema: GraphQLSchema; readonly contextual: ContextualFields },
): DocumentNode {
  let fields = 0;
  const operation = withoutNamedFragments(document, operationName);
  const root = schema.getRootType(operation.operation);
  if (root === undefined || root === null) return document;
  const selectionSet = apart(operation.selectionSet, root);
  return { kind: Kind.DOCUMENT, definitions: [{ ...operation, selectionSet }] };

  function apart(set: SelectionSetNode, type: GraphQLCompositeType): SelectionSetNode {
    return { ...set, selections: set.selections.flatMap((selection) => apartOne(selection, type)) };
  }

  function apartOne(selection: SelectionNode, type: GraphQLCompositeType): readonly SelectionNode[] {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const condition = conditionType(schema, selection, type);
      return condition === undefined ? [] : [{ ...selection, selectionSet: apart(selection.selectionSet, condition) }];
    }
    const objects = selection.selectionSet === undefined ? [] : objectsThatDiffer(selection, type);
    if (objects.length === 0) return [below(selection, type)];
    return objects.map((object) => ({
      kind: Kind.INLINE_FRAGMENT,
      typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: object.name } },
      selectionSet: { kind: Kind.SELECTION_SET, selections: [below(selection, object)] },
    }));
  }

  function below(field: FieldNode, parent: GraphQLCompositeType): FieldNode {
    fields += 1;
    if (fields > maximumFields) throw new AppError('UNAVAILABLE', 'There are too many types to tell apart for this to be planned.');
    const type = typeOf(field, parent);
    return field.selectionSet === undefined || !isCompositeType(type) ? field : { ...field, selectionSet: apart(field.selectionSet, type) };
  }

  /** None when there is nothing to tell apart. */
  function objectsThatDiffer(field: FieldNode, type: GraphQLCompositeType): readonly GraphQLObjectType[] {
    if (!isAbstractType(type)) return [];
    const objects = schema.getPossibleTypes(type);
    const returned = typeOf(field, type);
    if (field.selectionSet === undefined || !isCompositeType(returned)) return [];
    const needed = neededIn(field.selectionSet, returned);
    return needed.some(({ isSetBy }) => !isSetBy(type) && objects.some(isSetBy)) ? objects : [];
  }

  function neededIn(set: SelectionSetNode, type: GraphQLCompositeType): readonly ContextualArgument[] {
    return set.selections.flatMap((selection): readonly ContextualArgument[] => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = conditionType(schema, selection, type);
        return condition === undefined ? [] : neededIn(selection.selectionSet, condition);
      }
      const objects = isAbstractType(type) ? schema.getPossibleTypes(type) : [type];
      const own = objects.flatMap(({ name }) => contextual.argumentsAnywhere(name, selection.name.value));
      const returned = typeOf(selection, type);
      return selection.selectionSet === undefined || !isCompositeType(returned)
        ? own
        : [...own, ...neededIn(selection.selectionSet, returned)];
    });
  }
}
