import {
  Kind,
  visit,
  type DocumentNode,
  type FieldNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { AppError } from '../../shared/errors/app-error.js';
import { isLeftOut } from './literal-conditions.js';
import { withoutNamedFragments } from './named-fragments.js';

/** Each is planned by itself to find the culprits: enough to name them, and no work for whoever asks for thousands. */
const maximumTries = 50;

/** No way through the subgraphs leads to some fields of an operation, though the supergraph promises them. */
export class UnreachableFieldsError extends AppError {
  /** Paths of field names, from the root field. */
  readonly fields: readonly string[];

  constructor(fields: readonly string[]) {
    super('UNAVAILABLE', `No subgraph can be asked for ${fields.length === 0 ? 'some fields' : fields.join(', ')} in this place.`);
    this.fields = fields;
  }
}

/** Whether subgraphs must be asked for something: not for introspection alone, nor for what a literal `@skip` or `@include` leaves out. */
export function asksSubgraphs(operation: OperationDefinitionNode): boolean {
  return rootFields(operation.selectionSet).some(({ name }) => !name.value.startsWith('__'));
}

/** Finds out which fields of an operation cannot be reached. `isReachable` says it of an operation. */
export function findUnreachable(
  document: DocumentNode,
  operationName: string | undefined,
  isReachable: (operation: OperationDefinitionNode) => boolean,
): UnreachableFieldsError {
  const operation = withoutNamedFragments(document, operationName);
  const found = new Set<string>();
  let tries = 0;
  for (const { path, selection } of leaves(operation.selectionSet)) {
    if (++tries > maximumTries) break;
    if (!found.has(path) && !isReachable(withOnly(operation, selection))) found.add(path);
  }
  return new UnreachableFieldsError([...found]);
}

function rootFields(set: SelectionSetNode): readonly FieldNode[] {
  return set.selections.flatMap((selection) => {
    if (isLeftOut(selection)) return [];
    if (selection.kind === Kind.FIELD) return [selection];
    return selection.kind === Kind.INLINE_FRAGMENT ? rootFields(selection.selectionSet) : [];
  });
}

/** Each leaf, as a selection that leads from the root to it alone. */
function* leaves(set: SelectionSetNode): Generator<{ readonly path: string; readonly selection: SelectionNode }> {
  for (const selection of set.selections) {
    if (selection.kind === Kind.FRAGMENT_SPREAD) continue;
    const own = selection.kind === Kind.FIELD ? selection.name.value : undefined;
    if (selection.selectionSet === undefined) {
      yield { path: own ?? '', selection };
      continue;
    }
    for (const below of leaves(selection.selectionSet)) {
      const condition = selection.kind === Kind.INLINE_FRAGMENT ? selection.typeCondition?.name.value : undefined;
      const inside = condition === undefined ? below.path : `(${condition}).${below.path}`;
      yield {
        path: own === undefined ? inside : `${own}.${below.path}`,
        selection: { ...selection, selectionSet: { kind: Kind.SELECTION_SET, selections: [below.selection] } },
      };
    }
  }
}

function withOnly(operation: OperationDefinitionNode, selection: SelectionNode): OperationDefinitionNode {
  const used = new Set<string>();
  visit(selection, { Variable: ({ name }) => void used.add(name.value) });
  return {
    ...operation,
    variableDefinitions: (operation.variableDefinitions ?? []).filter(({ variable }) => used.has(variable.name.value)),
    selectionSet: { kind: Kind.SELECTION_SET, selections: [selection] },
  };
}
