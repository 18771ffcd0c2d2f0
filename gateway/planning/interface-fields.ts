import {
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  print,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type InlineFragmentNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { withoutNamedFragments } from './named-fragments.js';
import { fieldKey, freeName, responseName, responseNamesIn } from './response-names.js';
import { typeOf } from './typed-fields.js';

type TypeOrNone = GraphQLNamedType | null | undefined;

/** A document in which some fields are asked for of all objects of an interface, not of some of its types alone. */
export interface LiftedFields {
  readonly document: DocumentNode;
  /** Under which name a field of a type is asked for; undefined when it is its own. */
  nameOf(parent: GraphQLNamedType, field: FieldNode): string | undefined;
  /** Response names of the client by those. */
  readonly clientNames: ReadonlyMap<string, string>;
}

/**
 * Where an `@interfaceObject` has a field that requires something (`requires` tells), the planner forgets for which types of objects it
 * is asked for: objects of other types are sent as well, some without their keys, and what they get may overwrite what has the same
 * response name. Asked for of the interface itself, and by a name that nothing else has, it is planned rightly. Undefined when the
 * document does not ask for such fields by types.
 */
export function liftInterfaceFields(
  schema: GraphQLSchema,
  { document, operationName }: { readonly document: DocumentNode; readonly operationName: string | undefined },
  requires: (interfaceName: string, fieldName: string) => boolean,
): LiftedFields | undefined {
  const taken = responseNamesIn(document);
  const names = new Map<string, string>();
  const clientNames = new Map<string, string>();
  /** Type conditions under which such fields stand, other than of the interface. */
  const narrowing = new Set<string>();

  const operation = withoutNamedFragments(document, operationName);
  const selectionSet = liftIn(operation.selectionSet, schema.getRootType(operation.operation));
  if (narrowing.size === 0) return undefined;
  return {
    document: { kind: Kind.DOCUMENT, definitions: [{ ...operation, selectionSet }] },
    nameOf: (parent, field) => (interfaceOf(parent, field) === undefined ? undefined : names.get(fieldKey(field))),
    clientNames,
  };

  function interfaceOf(parent: TypeOrNone, field: FieldNode): string | undefined {
    if (!isInterfaceType(parent) && !isObjectType(parent)) return undefined;
    return [parent, ...parent.getInterfaces()].find(({ name }) => requires(name, field.name.value))?.name;
  }

  function planName(field: FieldNode): string {
    const key = fieldKey(field);
    const name = names.get(key) ?? freeName(`${responseName(field).replace(/^_+/, '')}__of_interface`, taken);
    names.set(key, name);
    clientNames.set(name, responseName(field));
    return name;
  }

  /** All that is selected of the objects of one field; `type` is its own. */
  function liftIn(set: SelectionSetNode, type: TypeOrNone): SelectionSetNode {
    const lifted: SelectionNode[] = [];
    const kept = keptOf(set, type, []);
    return { ...set, selections: [...kept, ...lifted] };

    function keptOf({ selections }: SelectionSetNode, parent: TypeOrNone, around: readonly InlineFragmentNode[]): readonly SelectionNode[] {
      return selections.flatMap((selection): readonly SelectionNode[] => {
        if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
        if (selection.kind === Kind.INLINE_FRAGMENT) {
          const condition = selection.typeCondition?.name.value;
          const below = keptOf(selection.selectionSet, condition === undefined ? parent : schema.getType(condition), [
            ...around,
            selection,
          ]);
          return below.length === 0 ? [] : [{ ...selection, selectionSet: { ...selection.selectionSet, selections: below } }];
        }
        const { selectionSet: below } = selection;
        const returned = isCompositeType(parent) ? typeOf(selection, parent) : undefined;
        const field: FieldNode = below === undefined ? selection : { ...selection, selectionSet: liftIn(below, returned) };
        const interfaceName = interfaceOf(parent, selection);
        if (interfaceName === undefined) return [field];
        for (const { typeCondition } of around) {
          const condition = typeCondition?.name.value;
          if (condition !== undefined && condition !== interfaceName && condition !== type?.name) narrowing.add(condition);
        }
        lifted.push(ofInterface(interfaceName, { ...field, alias: { kind: Kind.NAME, value: planName(selection) } }, around));
        return [];
      });
    }
  }
}

/**
 * `field` of the interface, under the conditions of all fragments that it stood in: on itself, where fragments are none the planner can
 * fail at, and only a further `@skip` or `@include` around it.
 */
function ofInterface(name: string, field: FieldNode, around: readonly InlineFragmentNode[]): SelectionNode {
  const conditions = new Map<string, DirectiveNode>();
  for (const each of [field, ...around].flatMap(({ directives = [] }) => directives)) conditions.set(print(each), each);
  const own = new Map([...conditions.values()].map((each) => [each.name.value, each]));
  const typeCondition = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: name } } as const;
  return [...conditions.values()]
    .filter((each) => own.get(each.name.value) !== each)
    .reduce<SelectionNode>(
      (inner, condition) => withSelection({ kind: Kind.INLINE_FRAGMENT, directives: [condition] }, inner),
      withSelection({ kind: Kind.INLINE_FRAGMENT, typeCondition }, { ...field, directives: [...own.values()] }),
    );
}

function withSelection(fragment: Omit<InlineFragmentNode, 'selectionSet'>, selection: SelectionNode): InlineFragmentNode {
  return { ...fragment, selectionSet: { kind: Kind.SELECTION_SET, selections: [selection] } };
}
