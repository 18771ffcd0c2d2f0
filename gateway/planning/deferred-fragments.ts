import {
  Kind,
  visit,
  type ConstDirectiveNode,
  type DirectiveNode,
  type DocumentNode,
  type InlineFragmentNode,
  type OperationDefinitionNode,
} from 'graphql';
import { withoutNamedFragments } from './named-fragments.js';

/** An operation in which every `@defer` counts, and has a label that no other one has. */
export interface DeferringDocument {
  /** One operation, without named fragments. */
  readonly document: DocumentNode;
  /** The client's labels by ours; undefined where it gave none. */
  readonly labels: ReadonlyMap<string, string | undefined>;
}

/** What the `@defer`s of an operation come to with the variables of a request. */
export interface DeferConditions {
  /** Equal for variables with which the same is deferred. */
  key(variables: Readonly<Record<string, unknown>>): string;
  /** Undefined when nothing is. */
  resolve(variables: Readonly<Record<string, unknown>>): DeferringDocument | undefined;
}

/** The same document when there is none in it. */
export function withoutDefer(document: DocumentNode): DocumentNode {
  return visit(document, { Directive: (directive) => (isDefer(directive) ? null : undefined) });
}

/** Of a fragment in a `DeferringDocument`; undefined when it is not deferred. */
export function deferLabel({ directives }: InlineFragmentNode): string | undefined {
  const directive = directives?.find(isDefer);
  return directive === undefined ? undefined : labelOf(directive);
}

/**
 * Conditions are decided before planning: the planner would make two plans for each variable among them, times those for the others. And a
 * fragment that is spread twice becomes two, because the planner tells deferred fragments from each other by their labels.
 */
export function readDeferConditions(document: DocumentNode, operationName: string | undefined): DeferConditions {
  const operation = withoutNamedFragments(document, operationName);
  const names = conditionNames(operation);
  const defaults = new Map(operation.variableDefinitions?.map(({ variable, defaultValue }) => [variable.name.value, defaultValue]));

  function isTrue(variables: Readonly<Record<string, unknown>>, name: string): boolean {
    const given = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (given !== undefined) return given === true;
    const value = defaults.get(name);
    // Without a value it is that of the argument, which is true.
    return value === undefined || (value.kind === Kind.BOOLEAN && value.value);
  }

  function counts(directive: DirectiveNode, variables: Readonly<Record<string, unknown>>): boolean {
    const value = argumentOf(directive, 'if');
    if (value?.kind === Kind.VARIABLE) return isTrue(variables, value.name.value);
    return value === undefined || (value.kind === Kind.BOOLEAN && value.value);
  }

  return {
    key: (variables) => names.map((name) => (isTrue(variables, name) ? '1' : '0')).join(''),
    resolve(variables) {
      const labels = new Map<string, string | undefined>();
      const resolved = visit(operation, {
        Directive(directive) {
          if (!isDefer(directive)) return undefined;
          if (!counts(directive, variables)) return null;
          const label = `d${labels.size}`;
          labels.set(label, labelOf(directive));
          return withLabel(directive, label);
        },
      });
      return labels.size === 0 ? undefined : { document: { kind: Kind.DOCUMENT, definitions: [resolved] }, labels };
    },
  };
}

function conditionNames(operation: OperationDefinitionNode): readonly string[] {
  const names = new Set<string>();
  visit(operation, {
    Directive(directive) {
      const value = isDefer(directive) ? argumentOf(directive, 'if') : undefined;
      if (value?.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names];
}

export function isDefer({ name }: DirectiveNode | ConstDirectiveNode): boolean {
  return name.value === 'defer';
}

export function argumentOf({ arguments: given = [] }: DirectiveNode | ConstDirectiveNode, name: string) {
  return given.find((argument) => argument.name.value === name)?.value;
}

function labelOf(directive: DirectiveNode | ConstDirectiveNode): string | undefined {
  const value = argumentOf(directive, 'label');
  return value?.kind === Kind.STRING ? value.value : undefined;
}

function withLabel(directive: DirectiveNode, label: string): DirectiveNode {
  const value = { kind: Kind.STRING, value: label } as const;
  return { ...directive, arguments: [{ kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: 'label' }, value }] };
}
