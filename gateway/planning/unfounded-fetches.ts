import { possibleRuntimeTypes } from '@apollo/federation-internals';
import type { FetchNode, PlanNode, QueryPlan, QueryPlanFieldNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import { AppError } from '../../shared/errors/app-error.js';
import { askedFields, inside, type AskedField } from './asked-fields.js';
import { misplacedContexts, recordAsked, type AskedTypes } from './misplaced-contexts.js';
import type { ContextualFields } from './contextual-fields.js';
import { fetchedPaths, insideAll } from './fetched-paths.js';
import type { QueryGraph } from './query-graph.js';
import type { Requirements } from './requirements.js';

/** A plan would ask a subgraph for something without what it needs for that: the answer would be another one, and nobody would notice. */
export class UnfoundedPlanError extends AppError {
  /** Such as `Box.deep of the subgraph "b"`. */
  readonly fields: readonly string[];

  constructor(fields: readonly string[]) {
    super('UNAVAILABLE', `The gateway finds no right way to answer this: it would ask too early for ${fields.join(', ')}.`);
    this.fields = fields;
  }
}

interface PlanKnowledge {
  readonly graph: Pick<QueryGraph, 'sources'>;
  readonly requirements: Pick<Requirements, 'requiredBy'>;
  readonly contextual: ContextualFields;
}

/**
 * Walks through a finished plan as it will be executed, and throws when a fetch needs something that no fetch before it has got, be it a
 * key or what a `@requires` names. Plans are not like that: it is a net under faults of the planner that nobody knows of yet. Types and
 * conditions are not looked at, so that no right plan is refused.
 */
export function checkFoundations({ node }: QueryPlan, knowledge: PlanKnowledge): void {
  /** Paths of what has been fetched. */
  const known = new Set<string>();
  const asked: AskedTypes = new Map();
  const unfounded = new Set<string>();
  if (node?.kind === 'Subscription') {
    walk(node.primary, '');
    if (node.rest !== undefined) walk(node.rest, '');
  } else if (node !== undefined) {
    walk(node, '');
  }
  if (unfounded.size > 0) throw new UnfoundedPlanError([...unfounded]);

  /** Gives back what only it has made known. */
  function walk(each: PlanNode, place: string): readonly string[] {
    switch (each.kind) {
      case 'Sequence':
        return each.nodes.flatMap((child) => walk(child, place));
      case 'Parallel':
        return besideEachOther(each.nodes, place);
      case 'Condition':
        return besideEachOther([each.ifClause, each.elseClause], place);
      case 'Flatten':
        return walk(each.node, insideAll(place, each.path));
      case 'Defer': {
        const primary = each.primary.node === undefined ? [] : walk(each.primary.node, place);
        const nodes = each.deferred.map((deferred) => deferred.node);
        return [...primary, ...besideEachOther(nodes, place)];
      }
      case 'Fetch': {
        const fields = askedFields(each, place, knowledge.graph.sources.get(each.serviceName));
        for (const path of pathsIn(each.requires ?? [], place, ({ alias, name }) => alias ?? name)) {
          if (!known.has(path)) unfounded.add(`what follows from ${path}`);
        }
        for (const field of fieldsWithoutInputs(each, place, fields)) unfounded.add(field);
        recordAsked(asked, fields);
        for (const field of misplacedContexts(each, { place, fields, known, asked, contextual: knowledge.contextual }))
          unfounded.add(field);
        return learn(fetchedPaths(each, place, fields).filter((path) => !known.has(path)));
      }
    }
  }

  function besideEachOther(nodes: readonly (PlanNode | undefined)[], place: string): readonly string[] {
    return learn(
      nodes.flatMap((each) => {
        const gained = each === undefined ? [] : walk(each, place);
        for (const path of gained) known.delete(path);
        return gained;
      }),
    );
  }

  function learn(paths: readonly string[]): readonly string[] {
    for (const path of paths) known.add(path);
    return paths;
  }

  /** Fields of a `@requires` that a fetch asks for although its subgraph is neither sent what they need nor asked for it itself. */
  function fieldsWithoutInputs({ serviceName, requires = [] }: FetchNode, place: string, fields: readonly AskedField[]): readonly string[] {
    const sent = new Set(pathsIn(requires, '', ({ name }) => name));
    return fields.flatMap((field) => {
      const types = field.type === undefined ? [] : new Set([field.type, ...possibleRuntimeTypes(field.type)]);
      const needed = [...types].flatMap(({ name }) => knowledge.requirements.requiredBy(serviceName, name, field.name).paths);
      const isFounded = needed.every(
        (path) => (field.place === place && sent.has(path)) || isAskedBeside(fields, field.place, path.split('.')),
      );
      return isFounded ? [] : [`${String(field.type)}.${field.name} of the subgraph "${serviceName}"`];
    });
  }
}

function isAskedBeside(fields: readonly AskedField[], place: string, [name, ...below]: readonly string[]): boolean {
  return fields.some(
    (field) =>
      field.place === place && field.name === name && (below.length === 0 || isAskedBeside(fields, inside(place, field.key), below)),
  );
}

/** Paths of all fields from `place` on. */
function pathsIn(selections: readonly QueryPlanSelectionNode[], place: string, keyOf: (field: QueryPlanFieldNode) => string): string[] {
  return selections.flatMap((selection) => {
    if (selection.kind === 'InlineFragment') return pathsIn(selection.selections, place, keyOf);
    const path = inside(place, keyOf(selection));
    return [path, ...pathsIn(selection.selections ?? [], path, keyOf)];
  });
}
