import { Kind, type ConstDirectiveNode, type ConstValueNode, type DocumentNode } from 'graphql';
import type { Requirement } from './requirement.js';

const specifications = ['authenticated', 'requiresScopes', 'policy'] as const;
type Specification = (typeof specifications)[number];

/** What a directive that is applied to a type or a field requires; undefined when it is none of those that protect. */
export type ReadRequirement = (directive: ConstDirectiveNode) => Requirement | undefined;

/** Finds out by which names a supergraph knows `@authenticated`, `@requiresScopes` and `@policy`; undefined when it has none of them. */
export function readSecurityDirectives(supergraph: DocumentNode): ReadRequirement | undefined {
  const names = new Map<string, Specification>();
  for (const definition of supergraph.definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue;
    // `@link` itself may have another name, and was `@core` once: it is known by what it says.
    for (const directive of definition.directives ?? []) for (const [name, which] of namesOf(directive)) names.set(name, which);
  }
  if (names.size === 0) return undefined;
  return (directive) => {
    const specification = names.get(directive.name.value);
    return specification === undefined ? undefined : toRequirement(specification, directive);
  };
}

function namesOf(link: ConstDirectiveNode): readonly (readonly [string, Specification])[] {
  const url = textOf(argument(link, 'url') ?? argument(link, 'feature'));
  const linked = url === undefined ? undefined : /^https:\/\/specs\.apollo\.dev\/(\w+)\/v[\d.]+\/?$/.exec(url)?.[1];
  const specification = specifications.find((each) => each === linked);
  if (specification === undefined) return [];
  const prefix = textOf(argument(link, 'as')) ?? specification;
  const imported = importsOf(argument(link, 'import')).filter(({ name }) => name === `@${specification}`);
  return [prefix, `${prefix}__${specification}`, ...imported.map(({ as }) => as.replace('@', ''))].map((name) => [name, specification]);
}

function importsOf(value: ConstValueNode | undefined): readonly { readonly name: string; readonly as: string }[] {
  if (value?.kind !== Kind.LIST) return [];
  return value.values.flatMap((entry) => {
    if (entry.kind === Kind.STRING) return [{ name: entry.value, as: entry.value }];
    if (entry.kind !== Kind.OBJECT) return [];
    const field = (key: string) => textOf(entry.fields.find(({ name }) => name.value === key)?.value);
    const name = field('name');
    return name === undefined ? [] : [{ name, as: field('as') ?? name }];
  });
}

function toRequirement(specification: Specification, directive: ConstDirectiveNode): Requirement {
  switch (specification) {
    case 'authenticated':
      return { kind: 'authenticated', id: 'authenticated' };
    case 'requiresScopes':
      return ofLists('scopes', listsOf(argument(directive, 'scopes')));
    case 'policy':
      return ofLists('policies', listsOf(argument(directive, 'policies')));
  }
}

function ofLists(kind: 'scopes' | 'policies', anyOf: readonly (readonly string[])[] | undefined): Requirement {
  if (anyOf === undefined) return { kind: 'unknown', id: `unknown ${kind}` };
  return { kind, id: `${kind} ${JSON.stringify(anyOf)}`, anyOf };
}

/** Lists of texts. As in any GraphQL input, one that is no list stands for a list of itself. Undefined when it is something else. */
function listsOf(value: ConstValueNode | undefined): readonly (readonly string[])[] | undefined {
  if (value === undefined) return undefined;
  const lists = itemsOf(value).map((inner) => itemsOf(inner).map(textOf));
  return lists.every((list): list is string[] => list.every((text) => text !== undefined)) ? lists : undefined;
}

function itemsOf(value: ConstValueNode): readonly ConstValueNode[] {
  return value.kind === Kind.LIST ? value.values : [value];
}

export function argument({ arguments: given = [] }: ConstDirectiveNode, name: string): ConstValueNode | undefined {
  return given.find((each) => each.name.value === name)?.value;
}

export function textOf(value: ConstValueNode | undefined): string | undefined {
  return value?.kind === Kind.STRING ? value.value : undefined;
}
