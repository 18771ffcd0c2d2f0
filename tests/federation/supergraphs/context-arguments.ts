import { Kind, parse, type ConstDirectiveNode, type ConstObjectValueNode, type DocumentNode, type SelectionSetNode } from 'graphql';
import { argument, textOf } from '../../../gateway/authorization/security-directives.js';
import type { SupergraphType } from '../../../gateway/authorization/supergraph-types.js';

/** An argument that is filled by what the nearest object above says that sets the context. */
export interface ContextArgument {
  readonly name: string;
  /** As it is written, such as `{ title }`. */
  readonly selection: string;
  readonly isSetBy: (typeName: string) => boolean;
}

/** By coordinates of fields. */
export function readContextArguments(
  supergraph: DocumentNode,
  types: ReadonlyMap<string, SupergraphType>,
): ReadonlyMap<string, readonly ContextArgument[]> {
  const found = new Map<string, ContextArgument[]>();
  for (const [typeName, { fields }] of types) {
    for (const [fieldName, { directives }] of fields) {
      const given = directives.flatMap(contextArguments).map((value): ContextArgument => {
        const text = (key: string) => textOf(value.fields.find(({ name }) => name.value === key)?.value) ?? '';
        const setters = typesWith(text('context'));
        return { name: text('name'), selection: text('selection'), isSetBy: (name) => setters.has(name) };
      });
      if (given.length > 0) found.set(`${typeName}.${fieldName}`, given);
    }
  }
  return found;

  function typesWith(context: string): ReadonlySet<string> {
    const setting = [...types].filter(([, { directives }]) => directives.some((each) => textOf(argument(each, 'name')) === context));
    const names = new Set(setting.map(([name]) => name));
    for (const [name, { interfaces }] of types) if (interfaces.some((each) => names.has(each))) names.add(name);
    for (const definition of supergraph.definitions) {
      if (definition.kind !== Kind.UNION_TYPE_DEFINITION || !names.has(definition.name.value)) continue;
      for (const member of definition.types ?? []) names.add(member.name.value);
    }
    return names;
  }
}

function contextArguments(directive: ConstDirectiveNode): readonly ConstObjectValueNode[] {
  const value = argument(directive, 'contextArguments');
  return value?.kind === Kind.LIST ? value.values.filter((each) => each.kind === Kind.OBJECT) : [];
}

/** The one leaf of what such a selection has read: null when it is about no object of that type. */
export function onlyLeaf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(onlyLeaf);
  if (typeof value !== 'object' || value === null) return value;
  const leaf = (Object.values(value) as readonly unknown[])[0];
  return leaf === undefined ? null : onlyLeaf(leaf);
}

/** Braces around it may be left out. */
export function fieldSet(text: string): SelectionSetNode {
  const [definition] = parse(text.trimStart().startsWith('{') ? text : `{ ${text} }`).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`no field set: ${text}`);
  return definition.selectionSet;
}
