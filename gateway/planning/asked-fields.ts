import { baseType, isCompositeType, type CompositeType, type Schema } from '@apollo/federation-internals';
import type { FetchNode } from '@apollo/query-planner';
import { Kind, parse, type SelectionSetNode } from 'graphql';
import { withoutNamedFragments } from './named-fragments.js';

/** A field that a fetch asks for. */
export interface AskedField {
  /** Response keys that lead from the root of the answer to the object that it belongs to, joined with dots. */
  readonly place: string;
  /** In the schema of the subgraph. */
  readonly type: CompositeType | undefined;
  readonly name: string;
  readonly key: string;
}

export function inside(place: string, key: string): string {
  return place === '' ? key : `${place}.${key}`;
}

/** All fields that a fetch at `place` asks for, entities' from that place on. `schema` is that of its subgraph. */
export function askedFields(fetch: FetchNode, place: string, schema: Schema | undefined): readonly AskedField[] {
  const found: AskedField[] = [];
  const { operation, selectionSet } = withoutNamedFragments(parse(fetch.operation, { noLocation: true }));
  if (fetch.requires === undefined) collect(selectionSet, schema?.schemaDefinition.rootType(operation), place);
  else for (const each of selectionSet.selections) if (each.kind === Kind.FIELD) collect(each.selectionSet, undefined, place);
  return found;

  function collect(set: SelectionSetNode | undefined, type: CompositeType | undefined, at: string): void {
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FIELD) {
        const name = selection.name.value;
        const key = selection.alias?.value ?? name;
        found.push({ place: at, type, name, key });
        collect(selection.selectionSet, typeOf(type?.field(name)), inside(at, key));
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition?.name.value;
        collect(selection.selectionSet, condition === undefined ? type : composite(schema?.type(condition)), at);
      }
    }
  }
}

type FederatedType = Parameters<typeof baseType>[0];

function typeOf(field: { readonly type?: FederatedType | undefined } | undefined): CompositeType | undefined {
  return field?.type === undefined ? undefined : composite(baseType(field.type));
}

function composite(type: FederatedType | undefined): CompositeType | undefined {
  return type !== undefined && isCompositeType(type) ? type : undefined;
}
