import { Kind, visit, type ConstDirectiveNode, type DirectiveNode, type DocumentNode, type FieldNode, type SelectionNode } from 'graphql';
import { freeName, responseNamesIn } from './response-names.js';

/** Whether a `@skip` or `@include` without a variable leaves it out. */
export function isLeftOut({ directives = [] }: SelectionNode): boolean {
  return directives.some((directive) => literalCondition(directive) === false);
}

/**
 * The document without `@skip` and `@include` that have no variable. The planner confuses them with conditions that it has dealt with,
 * and then asks for what they leave out.
 */
export function withoutLiteralConditions(document: DocumentNode): DocumentNode {
  const found: DirectiveNode[] = [];
  visit(document, {
    Directive(directive) {
      if (literalCondition(directive) !== undefined) found.push(directive);
    },
  });
  if (found.length === 0) return document;
  const typename: FieldNode = {
    kind: Kind.FIELD,
    alias: { kind: Kind.NAME, value: freeName('typename__left', responseNamesIn(document)) },
    name: { kind: Kind.NAME, value: '__typename' },
  };
  const drop = (selection: SelectionNode) => (isLeftOut(selection) ? null : undefined);
  return visit(document, {
    Field: drop,
    InlineFragment: drop,
    FragmentSpread: drop,
    Directive: (directive) => (literalCondition(directive) === undefined ? undefined : null),
    SelectionSet: { leave: (set) => (set.selections.length === 0 ? { ...set, selections: [typename] } : undefined) },
  });
}

/** Whether it lets something in; undefined when it is another directive, or depends on a variable. */
function literalCondition({ name, arguments: given = [] }: DirectiveNode | ConstDirectiveNode): boolean | undefined {
  if (name.value !== 'skip' && name.value !== 'include') return undefined;
  const value = given.find((argument) => argument.name.value === 'if')?.value;
  if (value?.kind !== Kind.BOOLEAN) return undefined;
  return name.value === 'include' ? value.value : !value.value;
}
