import { GraphQLError, Kind, visit, type DocumentNode, type FieldNode } from 'graphql';
import { freeName, responseNamesIn } from '../planning/response-names.js';
import type { TypedField } from '../planning/typed-fields.js';

/** `document` without the fields; what would be empty without them asks for `__typename`, so that it is still known whether it is null. */
export function withoutFields(document: DocumentNode, isWithheld: (field: FieldNode) => boolean): DocumentNode {
  const typename: FieldNode = {
    kind: Kind.FIELD,
    alias: { kind: Kind.NAME, value: freeName('typename__of_gateway', responseNamesIn(document)) },
    name: { kind: Kind.NAME, value: '__typename' },
  };
  return visit(document, {
    Field: (field) => (isWithheld(field) ? null : undefined),
    SelectionSet: { leave: (set) => (set.selections.length === 0 ? { ...set, selections: [typename] } : undefined) },
  });
}

/** Says that it is protected and not by what: that is nobody's who may not have it. */
export function withheldError({ field, parent }: Pick<TypedField, 'field' | 'parent'>, isAnonymous: boolean): GraphQLError {
  const coordinate = `${parent.name}.${field.name.value}`;
  return isAnonymous
    ? new GraphQLError(`Sign in to see "${coordinate}".`, { nodes: field, extensions: { code: 'UNAUTHENTICATED' } })
    : new GraphQLError(`You may not see "${coordinate}".`, { nodes: field, extensions: { code: 'FORBIDDEN' } });
}
