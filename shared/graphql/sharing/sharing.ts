import { defaultFieldResolver, isObjectType, OperationTypeNode, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import type { DocumentNode, GraphQLField, GraphQLSchema } from 'graphql';

/**
 * For whom an anonymous answer holds: for everyone but those `except` names by user id, or, with these objects, not for everyone. It
 * travels in the response headers `cache-control` (RFC 9111, 5.2.2) and `x-shared-except`. Without them the subgraph says nothing, which
 * means that only the asker may have the answer.
 */
export type AnswerScope = { readonly kind: 'public'; readonly except: readonly string[] } | { readonly kind: 'private' };

/** User ids with commas: for whom the answer does not hold although it is `public`. */
export const exceptHeader = 'x-shared-except';
/** More exceptions make an answer private, or they would outgrow what HTTP clients take as headers. */
export const maximumExceptions = 100;

/** As response headers. */
export function scopeHeaders(scope: AnswerScope): readonly (readonly [name: string, value: string])[] {
  const cacheControl = ['cache-control', scope.kind] as const;
  return scope.kind === 'public' && scope.except.length > 0 ? [cacheControl, [exceptHeader, scope.except.join(',')]] : [cacheControl];
}

/** Who else may have what an anonymous caller gets: everyone, everyone but these users, or nobody. */
export type Audience = 'everyone' | 'asker' | { readonly everyoneBut: readonly string[] };

/** Whose a field's value is; the context is an anonymous caller's. */
export type SharingRule<Context> = 'everyone' | ((source: { readonly id: string }, context: Context) => Promise<Audience>);

/** By type and field. A field without a rule is its asker's, so that a new one is shared only when somebody has thought about it. */
export type SharingRules<Context> = Readonly<Record<string, Readonly<Record<string, SharingRule<Context>>>>>;

/** The rules of all objects that one operation has resolved. Lies in the operation's context as `sharing`. */
export interface Sharing {
  note(audience: () => Promise<Audience>): void;
  scope(): Promise<AnswerScope>;
}

/** Part of a subgraph: says which of its answers to an anonymous caller hold for everyone. */
export interface SharingPolicy {
  /** For the context of an anonymous operation. */
  begin(): Sharing;
  /** Undefined when answers to this document depend on who asks, whatever the objects are. */
  scopeOf(sharing: Sharing, document: DocumentNode, isFaultless: boolean): Promise<AnswerScope | undefined>;
}

/** Adds `rules` to the resolvers of `schema`. Throws when a rule names no field. */
export function declareSharing<Context>(schema: GraphQLSchema, rules: SharingRules<Context>): SharingPolicy {
  for (const [typeName, fields] of Object.entries(rules)) {
    const type = schema.getType(typeName);
    for (const [fieldName, rule] of Object.entries(fields)) {
      const field = isObjectType(type) ? type.getFields()[fieldName] : undefined;
      if (field === undefined) throw new Error(`There is no field ${typeName}.${fieldName} to share`);
      if (rule !== 'everyone') watchField(field, rule);
    }
  }
  // Operations of a gateway are few, sent many times, and the same parsed documents as long as they are cached.
  const covered = new WeakMap<DocumentNode, boolean>();

  return {
    begin: createSharing,
    async scopeOf(sharing, document, isFaultless) {
      const isCovered = covered.get(document) ?? isCoveredBy(rules, schema, document);
      covered.set(document, isCovered);
      if (!isCovered) return undefined;
      return isFaultless ? sharing.scope() : { kind: 'private' };
    },
  };
}

function watchField<Context>(field: GraphQLField<unknown, unknown>, rule: Exclude<SharingRule<Context>, string>): void {
  const { resolve = defaultFieldResolver } = field;
  field.resolve = (source, fieldArguments, context, info) => {
    // What graphql cannot type: objects are resolved by id, and the context is the subgraph's own with what its server added.
    (context as { readonly sharing?: Sharing }).sharing?.note(() => rule(source as { readonly id: string }, context as Context));
    return resolve(source, fieldArguments, context, info);
  };
}

function createSharing(): Sharing {
  const notes: (() => Promise<Audience>)[] = [];
  return {
    // Asked at the end, and only of documents that may be shared: they may cost a look at the database.
    note: (audience) => void notes.push(audience),
    async scope() {
      const except = new Set<string>();
      for (const note of await Promise.allSettled(notes.map(async (audience) => audience()))) {
        if (note.status === 'rejected' || note.value === 'asker') return { kind: 'private' };
        if (note.value !== 'everyone') for (const userId of note.value.everyoneBut) except.add(userId);
      }
      return except.size > maximumExceptions ? { kind: 'private' } : { kind: 'public', except: [...except] };
    },
  };
}

/** Whether every field that the document may select has a rule, in a query that begins at entities or at fields with rules. */
function isCoveredBy(rules: SharingRules<never>, schema: GraphQLSchema, document: DocumentNode): boolean {
  const typeInfo = new TypeInfo(schema);
  const uncovered = new Set<string>();
  visit(
    document,
    visitWithTypeInfo(typeInfo, {
      OperationDefinition({ operation }) {
        if (operation !== OperationTypeNode.QUERY) uncovered.add(operation);
      },
      Field({ name: { value: name } }) {
        const parent = typeInfo.getParentType();
        if (parent === schema.getQueryType() && name === '_entities') return;
        const typeName = parent?.name ?? '';
        // Whether there is such an object at all may depend on the viewer where nothing is said about its type.
        const fields = Object.hasOwn(rules, typeName) ? rules[typeName] : undefined;
        if (fields === undefined || (name !== '__typename' && !Object.hasOwn(fields, name))) uncovered.add(`${typeName}.${name}`);
      },
    }),
  );
  return uncovered.size === 0;
}
