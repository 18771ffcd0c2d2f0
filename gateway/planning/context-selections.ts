import type { FetchDataRewrite, FetchNode } from '@apollo/query-planner';
import { Kind, parse, print, stripIgnoredCharacters, visit, type FieldNode, type SelectionSetNode } from 'graphql';
import type { QueryGraph, RequiredContext } from './query-graph.js';

/** What `@fromContext` reads, under names of its own. */
export interface ContextSelections {
  /** Response names that it is asked for by. */
  readonly responseNames: ReadonlySet<string>;
  /** The fetch with the paths at which its contexts are. */
  readonly locate: (fetch: FetchNode) => FetchNode;
}

/**
 * Gives fields with arguments that `@fromContext` reads names of their own: the planner would merge them with the same field of a client,
 * or of another context, whatever its arguments. Where it says at which path a value is, it forgets aliases.
 */
export function aliasContexts(graph: QueryGraph): ContextSelections {
  const responseNames = new Set<string>();
  const withArguments = namesWithArguments(graph);
  const aliases = new Map<string, string>();
  /** By the selection as the planner knows it. */
  const texts = new Map<string, string>();
  const pathsOf = new Map<string, ReadonlyMap<string, readonly string[]>>();

  for (const vertex of graph.allVertices()) {
    for (const { requiredContexts } of graph.outEdges(vertex, true)) for (const context of requiredContexts) aliasOne(context);
  }
  return { responseNames, locate };

  function aliasOne(context: RequiredContext): void {
    if (texts.has(context.selection)) return;
    const set = visit(fieldSet(context.selection), { Field: aliased });
    visit(set, { Field: ({ alias, name }) => void responseNames.add((alias ?? name).value) });
    const text = stripIgnoredCharacters(print(set));
    texts.set(text, text);
    Reflect.set(context, 'selection', text);
    const variable = graph.subgraphToArgIndices.get(context.subgraphName)?.get(context.coordinate);
    if (variable !== undefined) pathsOf.set(variable, new Map(leaves(set, '', [])));
  }

  function aliased(field: FieldNode): FieldNode | undefined {
    if (!withArguments.has(field.name.value)) return undefined;
    const printed = `${field.name.value}(${(field.arguments ?? []).map(print).join()})`;
    const value = aliases.get(printed) ?? `${field.name.value}__context_${aliases.size}`;
    aliases.set(printed, value);
    return { ...field, alias: { kind: Kind.NAME, value } };
  }

  function locate(fetch: FetchNode): FetchNode {
    if (aliases.size === 0 || fetch.contextRewrites === undefined) return fetch;
    return { ...fetch, contextRewrites: fetch.contextRewrites.map(located) };
  }

  function located<Rewrite extends FetchDataRewrite & { readonly renameKeyTo: string }>(rewrite: Rewrite): Rewrite {
    const from = rewrite.path.findIndex((step) => step !== '..' && !step.startsWith('... on '));
    const names = rewrite.path.slice(from).join('.');
    const condition = rewrite.path[from - 1] ?? '';
    const paths = pathsOf.get(rewrite.renameKeyTo);
    const path = paths?.get(`${condition} ${names}`) ?? paths?.get(` ${names}`);
    return path === undefined ? rewrite : { ...rewrite, path: [...rewrite.path.slice(0, from), ...path] };
  }
}

/** Names of fields that can be asked for in several ways, of whatever type. */
function namesWithArguments({ schema }: QueryGraph): ReadonlySet<string> {
  const types = [...schema.objectTypes(), ...schema.interfaceTypes()];
  return new Set(types.flatMap((type) => type.fields().flatMap((field) => (field.hasArguments() ? [field.name] : []))));
}

/** Response names that lead to each leaf, by its type condition and the names of the fields. */
function leaves(set: SelectionSetNode, names: string, path: readonly string[], condition = ''): [string, readonly string[]][] {
  return set.selections.flatMap((selection): [string, readonly string[]][] => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      return leaves(selection.selectionSet, names, path, `... on ${selection.typeCondition?.name.value ?? ''}`);
    }
    const { name, alias, selectionSet } = selection;
    const own = names === '' ? name.value : `${names}.${name.value}`;
    const below = [...path, (alias ?? name).value];
    return selectionSet === undefined ? [[`${condition} ${own}`, below]] : leaves(selectionSet, own, below, condition);
  });
}

function fieldSet(text: string): SelectionSetNode {
  const [definition] = parse(text.trimStart().startsWith('{') ? text : `{ ${text} }`, { noLocation: true }).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`No selection of a context: ${text}`);
  return definition.selectionSet;
}
