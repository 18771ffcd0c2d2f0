import { Kind, visit, type DocumentNode, type OperationDefinitionNode } from 'graphql';

export interface BooleanVariables {
  readonly names: readonly string[];
  /** Whether the variable is true, with its default value. */
  readonly isTrue: (variables: Readonly<Record<string, unknown>>, name: string) => boolean;
  /** Equal for variables for which the same fields are selected. */
  selectionKey(variables: Readonly<Record<string, unknown>>): string;
  /** Those of them that are true. */
  trueNames(variables: Readonly<Record<string, unknown>>): ReadonlySet<string>;
}

/** The variables on which `@include` and `@skip` depend. */
export function readBooleanVariables(document: DocumentNode, operation: OperationDefinitionNode): BooleanVariables {
  const defaults = new Map<string, boolean>();
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    if (defaultValue?.kind === Kind.BOOLEAN) defaults.set(variable.name.value, defaultValue.value);
  }
  const names = new Set<string>();
  visit(document, {
    Directive({ name, arguments: given = [] }) {
      if (name.value !== 'include' && name.value !== 'skip') return;
      for (const { value } of given) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });

  function isTrue(variables: Readonly<Record<string, unknown>>, name: string): boolean {
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    return value === undefined ? defaults.get(name) === true : value === true;
  }

  return {
    names: [...names],
    isTrue,
    trueNames: (variables) => new Set([...names].filter((name) => isTrue(variables, name))),
    selectionKey(variables) {
      let key = '';
      for (const name of names) key += isTrue(variables, name) ? '1' : '0';
      return key;
    },
  };
}
