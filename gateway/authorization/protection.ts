import { Kind, parse, type ConstDirectiveNode, type DocumentNode, type SelectionSetNode } from 'graphql';
import { isImplied, type Requirement } from './requirement.js';
import { argument, readSecurityDirectives, textOf } from './security-directives.js';
import { readSupergraphTypes } from './supergraph-types.js';

/** What the directives of a supergraph protect. */
export interface Protection {
  /** All of them must be met by whoever asks for the field. */
  requirementsOf(typeName: string, fieldName: string): readonly Requirement[];
}

type FieldKey = `${string}.${string}`;

const unreadable: Requirement = { kind: 'unknown', id: 'unreadable' };

/**
 * What protects a field: the directives on itself, on its type, on the type that it belongs to, on the same field of interfaces and of
 * implementations, and all of that for the fields that subgraphs are sent for it (`@requires`, `@fromContext`). It is thereby also safe
 * with supergraphs whose composition did not see to the latter. Undefined when the supergraph has no such directives.
 */
export function readProtection(supergraph: DocumentNode): Protection | undefined {
  const read = readSecurityDirectives(supergraph);
  if (read === undefined) return undefined;
  const types = readSupergraphTypes(supergraph);
  const implementations = new Map<string, string[]>();
  for (const [name, { interfaces }] of types) {
    for (const each of interfaces) implementations.set(each, [...(implementations.get(each) ?? []), name]);
  }

  const required = (directives: readonly ConstDirectiveNode[] = []) => directives.flatMap((directive) => read(directive) ?? []);

  const ofType = (name: string) => required(types.get(name)?.directives);
  const ofField = (typeName: string, fieldName: string) => required(types.get(typeName)?.fields.get(fieldName)?.directives);
  const interfacesOf = (name: string) => types.get(name)?.interfaces ?? [];
  const implementationsOf = (name: string) => implementations.get(name) ?? [];

  /**
   * What interfaces require of their own accord. Composition writes on an interface what some implementation requires, which is no reason
   * to protect the others; older versions let people write directives on interfaces, which are meant for all.
   */
  function ofInterfaces(typeName: string, read: (name: string) => Requirement[]): Requirement[] {
    return interfacesOf(typeName).flatMap((each) => {
      const below = implementationsOf(each).flatMap(read);
      return read(each).filter((requirement) => !isImplied(requirement, below));
    });
  }

  /** Of the field where it belongs to this very type. */
  function inType(typeName: string, fieldName: string): Requirement[] {
    const field = types.get(typeName)?.fields.get(fieldName);
    if (field === undefined) return [];
    return [
      ...ofType(typeName),
      ...ofInterfaces(typeName, ofType),
      ...ofField(typeName, fieldName),
      ...ofInterfaces(typeName, (name) => ofField(name, fieldName)),
      ...ofType(field.type),
    ];
  }

  /** Of the field wherever objects of the type may have it from. */
  function ownRequirements(typeName: string, fieldName: string): Requirement[] {
    return [typeName, ...implementationsOf(typeName)].flatMap((name) => inType(name, fieldName));
  }

  /** Fields that a subgraph is sent so that it can answer for this one; undefined when that cannot be read. */
  function neededFor(typeName: string, fieldName: string): FieldKey[] | undefined {
    const needed: FieldKey[] = [];
    // What an object requires for it may be written on the interface alone, where an `@interfaceObject` has it.
    for (const name of [typeName, ...interfacesOf(typeName), ...implementationsOf(typeName)]) {
      for (const directive of types.get(name)?.fields.get(fieldName)?.directives ?? []) {
        for (const { on, selections } of selectionsOf(directive, name)) {
          const set = parseSelections(selections);
          if (set === undefined) return undefined;
          for (const type of on) needed.push(...fieldsIn(set, type));
        }
      }
    }
    return needed;
  }

  function selectionsOf(
    directive: ConstDirectiveNode,
    typeName: string,
  ): { readonly on: readonly string[]; readonly selections: string }[] {
    const requires = textOf(argument(directive, 'requires'));
    const contexts = argument(directive, 'contextArguments');
    return [
      ...(requires === undefined ? [] : [{ on: [typeName], selections: requires }]),
      ...(contexts?.kind === Kind.LIST ? contexts.values : []).flatMap((value) => {
        if (value.kind !== Kind.OBJECT) return [];
        const text = (key: string) => textOf(value.fields.find(({ name }) => name.value === key)?.value) ?? '';
        return [{ on: typesWithContext(text('context')), selections: text('selection') }];
      }),
    ];
  }

  function typesWithContext(context: string): string[] {
    return [...types].flatMap(([name, { directives }]) =>
      directives.some((directive) => textOf(argument(directive, 'name')) === context) ? [name] : [],
    );
  }

  function fieldsIn(set: SelectionSetNode, typeName: string): FieldKey[] {
    return set.selections.flatMap((selection): FieldKey[] => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        return fieldsIn(selection.selectionSet, selection.typeCondition?.name.value ?? typeName);
      }
      const type = types.get(typeName)?.fields.get(selection.name.value)?.type;
      const below = selection.selectionSet === undefined || type === undefined ? [] : fieldsIn(selection.selectionSet, type);
      return [`${typeName}.${selection.name.value}`, ...below];
    });
  }

  const known = new Map<FieldKey, readonly Requirement[]>();
  return {
    requirementsOf(typeName, fieldName) {
      const key: FieldKey = `${typeName}.${fieldName}`;
      const remembered = known.get(key);
      if (remembered !== undefined) return remembered;
      const found = new Map<string, Requirement>();
      const seen = new Set<FieldKey>([key]);
      for (const each of seen) {
        const [type = '', field = ''] = each.split('.');
        for (const requirement of ownRequirements(type, field)) found.set(requirement.id, requirement);
        const needed = neededFor(type, field);
        if (needed === undefined) found.set(unreadable.id, unreadable);
        // A set goes on with what is added to it on the way.
        for (const next of needed ?? []) seen.add(next);
      }
      const requirements = [...found.values()];
      known.set(key, requirements);
      return requirements;
    },
  };
}

function parseSelections(text: string): SelectionSetNode | undefined {
  try {
    const [definition] = parse(text.trimStart().startsWith('{') ? text : `{ ${text} }`).definitions;
    return definition?.kind === Kind.OPERATION_DEFINITION ? definition.selectionSet : undefined;
  } catch {
    return undefined;
  }
}
