import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  OperationTypeNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type ConstDirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsOf } from '../documents/fragments-of.js';

/** How long the answer to a document may be kept, and for whom, as the `@cacheControl` of its fields and types say. */
export interface CacheHint {
  /** In seconds; more than 0. */
  readonly maxAge: number;
  /** For the one who asked alone. */
  readonly isPrivate: boolean;
}

/** Undefined for what must not be kept. */
export type CacheHints = (document: DocumentNode) => CacheHint | undefined;

interface Annotation {
  readonly maxAge?: number | undefined;
  readonly scope?: string | undefined;
  readonly inheritsMaxAge?: boolean;
}

/**
 * Reads `@cacheControl` by the rules of Apollo Server, but from the document alone, once for all of its answers: of what a document may
 * select, Apollo Server counts only what there was, so this is never longer. What resolvers say (`info.cacheControl`) does not count.
 * Undefined when nothing in the schema has the directive.
 */
export function readCacheHints(schema: GraphQLSchema): CacheHints | undefined {
  if (!hasAny(schema)) return undefined;
  // Operations of a gateway are few, sent many times, and the same parsed documents as long as they are cached.
  const known = new WeakMap<DocumentNode, CacheHint | 'none'>();
  return (document) => {
    const hint = known.get(document) ?? hintOf(document, schema) ?? 'none';
    known.set(document, hint);
    return hint === 'none' ? undefined : hint;
  };
}

function hintOf(document: DocumentNode, schema: GraphQLSchema): CacheHint | undefined {
  const typeInfo = new TypeInfo(schema);
  const fragments = fragmentsOf(document);
  const query = schema.getQueryType();
  let maxAge: number | undefined;
  let isPrivate = false;

  function restrict({ maxAge: seconds, scope }: Annotation): void {
    if (seconds !== undefined) maxAge = Math.min(maxAge ?? Infinity, seconds);
    if (scope === 'PRIVATE') isPrivate = true;
  }

  visit(
    document,
    visitWithTypeInfo(typeInfo, {
      OperationDefinition({ operation }) {
        if (operation !== OperationTypeNode.QUERY) restrict({ maxAge: 0 });
      },
      Field({ name: { value: name }, selectionSet }) {
        const parent = typeInfo.getParentType();
        if (parent === query && name === '_entities') {
          const types = entityTypes(selectionSet, schema, fragments);
          if (types.size === 0) restrict({ maxAge: 0 });
          for (const type of types) restrict({ maxAge: 0, ...given(annotationOf(type)) });
        } else if (name !== '__typename') {
          for (const field of fieldsOf(parent, name, schema)) restrict(ofField(field, parent === query));
        }
      },
    }),
  );
  return maxAge === undefined || maxAge <= 0 ? undefined : { maxAge, isPrivate };
}

/** Without what it does not say. */
function given({ maxAge, scope }: Annotation): Annotation {
  return maxAge === undefined ? { scope } : { maxAge, scope };
}

/** The field of every object that may be there; undefined for those of introspection, which nobody keeps. */
function fieldsOf(
  parent: ReturnType<TypeInfo['getParentType']>,
  name: string,
  schema: GraphQLSchema,
): readonly (GraphQLField<unknown, unknown> | undefined)[] {
  const objects = isAbstractType(parent) ? schema.getPossibleTypes(parent) : isObjectType(parent) ? [parent] : [];
  return objects.length === 0 ? [undefined] : objects.map((object) => object.getFields()[name]);
}

function ofField(field: GraphQLField<unknown, unknown> | undefined, isRoot: boolean): Annotation {
  if (field === undefined) return { maxAge: 0 };
  const target = getNamedType(field.type);
  const isComposite = isCompositeType(target);
  const ofType = isComposite ? annotationOf(target) : {};
  const own = annotationOf(field);
  const inherits = own.inheritsMaxAge === true && ofType.maxAge === undefined;
  const maxAge = (inherits ? undefined : own.maxAge) ?? ofType.maxAge;
  const isZeroAlone = isRoot || (isComposite && !inherits && ofType.inheritsMaxAge !== true);
  return { maxAge: maxAge ?? (isZeroAlone ? 0 : undefined), scope: own.scope ?? ofType.scope };
}

/** What is asked for of entities has the hints of their types: `_entities` itself has none. */
function entityTypes(
  selectionSet: SelectionSetNode | undefined,
  schema: GraphQLSchema,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): ReadonlySet<GraphQLNamedType> {
  const types = new Set<GraphQLNamedType>();
  const add = (condition: string | undefined): void => {
    const type = condition === undefined ? undefined : schema.getType(condition);
    if (type === undefined) return;
    types.add(type);
    // Objects may be referred to by their own names too.
    if (isAbstractType(type)) for (const object of schema.getPossibleTypes(type)) types.add(object);
  };
  const addIn = (set: SelectionSetNode | undefined): void => {
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) add(fragments.get(selection.name.value)?.typeCondition.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT && selection.typeCondition !== undefined) add(selection.typeCondition.name.value);
      else addIn(selection.selectionSet);
    }
  };
  addIn(selectionSet);
  return types;
}

interface Annotated {
  readonly astNode?: { readonly directives?: readonly ConstDirectiveNode[] | undefined } | null | undefined;
  readonly extensionASTNodes?: readonly { readonly directives?: readonly ConstDirectiveNode[] | undefined }[] | null | undefined;
}

function directiveOn({ astNode, extensionASTNodes }: Annotated): ConstDirectiveNode | undefined {
  return [astNode, ...(extensionASTNodes ?? [])]
    .flatMap((node) => node?.directives ?? [])
    .find(({ name }) => name.value === 'cacheControl');
}

function annotationOf(annotated: Annotated): Annotation {
  const directive = directiveOn(annotated);
  if (directive === undefined) return {};
  const values = new Map(directive.arguments?.map(({ name, value }) => [name.value, value]));
  const [maxAge, scope, inherit] = [values.get('maxAge'), values.get('scope'), values.get('inheritMaxAge')];
  const stated = scope?.kind === Kind.ENUM ? { scope: scope.value } : {};
  if (inherit?.kind === Kind.BOOLEAN && inherit.value) return { ...stated, inheritsMaxAge: true };
  return maxAge?.kind === Kind.INT ? { ...stated, maxAge: Number(maxAge.value) } : stated;
}

function hasAny(schema: GraphQLSchema): boolean {
  return Object.values(schema.getTypeMap()).some((type) => {
    if (directiveOn(type) !== undefined) return true;
    if (!isObjectType(type) && !isInterfaceType(type)) return false;
    return Object.values(type.getFields()).some((field) => directiveOn(field) !== undefined);
  });
}
