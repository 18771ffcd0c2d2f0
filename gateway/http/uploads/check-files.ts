import type { PlanNode } from '@apollo/query-planner';
import { isInputObjectType, isScalarType, print, type GraphQLSchema } from 'graphql';
import { isJsonObject } from '../../../shared/json/json-object.js';
import { readBooleanVariables } from '../../../shared/graphql/documents/boolean-variables.js';
import { pickVariables } from '../../execution/fetch-parts.js';
import type { AcceptedOperation } from '../../operations/accept-operation.js';
import { findFiles, UploadedFile } from './uploaded-file.js';

/** The scalar of the specification; its name is what tells files from other scalars. */
const uploadType = 'Upload';

/** Why a file cannot be where it is in the variables, in words for the client; undefined when all are right. */
export function misplacedFile({ generation: { schema }, operation, variables }: AcceptedOperation): string | undefined {
  const types = new Map(operation.operation.variableDefinitions?.map(({ variable, type }) => [variable.name.value, print(type)]));
  for (const [name, value] of Object.entries(variables)) {
    const file = findMisplaced(value, types.get(name), schema);
    if (file !== undefined) return `The file "${file.name}" is put into "$${name}" where no file belongs: its type there is not Upload.`;
  }
  return undefined;
}

/** `type`: as it is written, such as `[Upload!]!`; undefined where there is none. */
function findMisplaced(value: unknown, type: string | undefined, schema: GraphQLSchema): UploadedFile | undefined {
  // A list of one may stand without its brackets.
  const named = type?.replace(/[[\]!]/g, '') ?? '';
  if (value instanceof UploadedFile) return named === uploadType && isScalarType(schema.getType(named)) ? undefined : value;
  if (Array.isArray(value)) {
    const [, item] = /^\[(.*)\]!?$/.exec(type ?? '') ?? [];
    return firstOf(value as readonly unknown[], (each) => findMisplaced(each, item, schema));
  }
  if (!isJsonObject(value)) return undefined;
  const input = schema.getType(named);
  const fields = isInputObjectType(input) ? input.getFields() : {};
  return firstOf(Object.entries(value), ([key, each]) =>
    findMisplaced(each, Object.hasOwn(fields, key) ? String(fields[key]?.type) : undefined, schema),
  );
}

function firstOf<Item, Found>(items: readonly Item[], find: (item: Item) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A request to a subgraph that files go with. */
interface FileFetch {
  readonly subgraph: string;
  readonly files: readonly UploadedFile[];
  /** The sequences that it is in, and where in each. */
  readonly turns: ReadonlyMap<PlanNode, number>;
}

export interface FileRoutes {
  /** Why they cannot go there, in words for the client. */
  readonly problem: string | undefined;
  /** Whether any subgraph is to get it: not when all that it is for is skipped. */
  readonly isUsed: (file: UploadedFile) => boolean;
  /** Whether `later` goes to a request that begins when the one of `earlier` has ended. */
  readonly isAfter: (later: UploadedFile, earlier: UploadedFile) => boolean;
}

/** Where files go by the plan of the operation. */
export function routeFiles({ generation, operation, variables }: AcceptedOperation): FileRoutes {
  const { node, document } = operation.plan();
  const { isTrue } = readBooleanVariables(document, operation.operation);
  const fetches =
    node === undefined || node.kind === 'Subscription'
      ? []
      : fetchesOf(node, new Map(), { variables, isTrue: (name) => isTrue(variables, name) });
  const routes = new Map<UploadedFile, FileFetch>();
  let problem: string | undefined;
  for (const fetch of fetches) {
    for (const file of fetch.files) {
      if (generation.services.get(fetch.subgraph)?.takesFiles !== true) problem ??= `What "${file.name}" is for takes no files.`;
      if (routes.has(file)) problem ??= `The file "${file.name}" is for two parts of the graph: send each a file of its own.`;
      routes.set(file, fetch);
    }
  }
  return {
    problem,
    isUsed: (file) => routes.has(file),
    isAfter: (later, earlier) => {
      const [first, second] = [routes.get(earlier), routes.get(later)];
      if (first === undefined || second === undefined) return false;
      return [...first.turns].some(([sequence, turn]) => (second.turns.get(sequence) ?? -1) > turn);
    },
  };
}

interface Given {
  readonly variables: Readonly<Record<string, unknown>>;
  readonly isTrue: (variable: string) => boolean;
}

function fetchesOf(node: PlanNode, turns: FileFetch['turns'], given: Given): readonly FileFetch[] {
  const within = (child: PlanNode | undefined) => (child === undefined ? [] : fetchesOf(child, turns, given));
  switch (node.kind) {
    case 'Fetch': {
      const files = [...findFiles(pickVariables(node.variableUsages ?? [], given.variables)).keys()];
      return files.length === 0 ? [] : [{ subgraph: node.serviceName, files, turns }];
    }
    case 'Sequence':
      return node.nodes.flatMap((child, turn) => fetchesOf(child, new Map([...turns, [node, turn]]), given));
    case 'Parallel':
      return node.nodes.flatMap(within);
    case 'Flatten':
      return within(node.node);
    case 'Condition':
      return within(given.isTrue(node.condition) ? node.ifClause : node.elseClause);
    case 'Defer':
      return [...within(node.primary.node), ...node.deferred.flatMap((each) => within(each.node))];
  }
}
