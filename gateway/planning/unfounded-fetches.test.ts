import { buildSchema } from '@apollo/federation-internals';
import type { DeferNode, FetchNode, PlanNode, QueryPlan, QueryPlanSelectionNode } from '@apollo/query-planner';
import { describe, expect, it } from '@jest/globals';
import { Kind, OperationTypeNode, parse, type SelectionNode } from 'graphql';
import { checkFoundations, UnfoundedPlanError } from './unfounded-fetches.js';

const sources = new Map([
  ['a', buildSchema('type Query { box: Box boxes: [[Box]] } type Box { id: ID depth: Int wide: Wide } type Wide { inner: Int }')],
  [
    'b',
    buildSchema(
      'type Query { box: Box any: Any } union Any = Box type Box { id: ID deep: Int depth: Int wider: Int wide: Wide } type Wide { inner: Int }',
    ),
  ],
]);
const required = new Map([
  ['b Box.deep', ['depth']],
  ['b Box.wider', ['wide.inner']],
]);
const requirements = {
  requiredBy: (subgraph: string, type: string, field: string) => ({
    paths: required.get(`${subgraph} ${type}.${field}`) ?? [],
    aliased: [],
  }),
};

function fieldsOf(text: string): QueryPlanSelectionNode[] {
  const [definition] = parse(`{ ${text} }`).definitions;
  return definition?.kind === Kind.OPERATION_DEFINITION ? definition.selectionSet.selections.flatMap(toNode) : [];
}

function toNode(node: SelectionNode): QueryPlanSelectionNode[] {
  if (node.kind === Kind.FRAGMENT_SPREAD) return [];
  const selections = node.selectionSet?.selections.flatMap(toNode);
  if (node.kind === Kind.INLINE_FRAGMENT) return [{ kind: 'InlineFragment', typeCondition: 'Box', selections: selections ?? [] }];
  return [{ kind: 'Field', name: node.name.value, ...(selections === undefined ? {} : { selections }) }];
}

function root(serviceName: string, operation: string): FetchNode {
  return { kind: 'Fetch', serviceName, operation, operationName: undefined, operationKind: OperationTypeNode.QUERY };
}

function entity(serviceName: string, path: string[], needs: string, fields: string): PlanNode {
  const operation = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Box { ${fields} } } }`;
  return { kind: 'Flatten', path, node: { ...root(serviceName, operation), requires: fieldsOf(`... on Box { __typename ${needs} }`) } };
}

const first = root('b', '{ box { __typename id } }');
const depth = entity('a', ['box'], 'id', 'depth');
const deep = entity('b', ['box'], 'id depth', 'deep');
const sequence = (...nodes: PlanNode[]): PlanNode => ({ kind: 'Sequence', nodes });
const parallel = (...nodes: PlanNode[]): PlanNode => ({ kind: 'Parallel', nodes });

const contextual = { variables: new Set<string>(), argumentsOf: () => [], argumentsAnywhere: () => [] };

function unfounded(node: QueryPlan['node']): readonly string[] {
  try {
    checkFoundations({ kind: 'QueryPlan', ...(node === undefined ? {} : { node }) }, { graph: { sources }, requirements, contextual });
    return [];
  } catch (error) {
    if (error instanceof UnfoundedPlanError) return error.fields;
    throw error;
  }
}

describe('A plan is refused', () => {
  it.each<[string, PlanNode, string]>([
    ['in which a field is asked for where what it requires is not', root('b', '{ box { deep } }'), 'Box.deep of the subgraph "b"'],
    [
      'in which it is asked for so by an alias, in a fragment',
      root('b', '{ any { ... on Box { d: deep } } }'),
      'Box.deep of the subgraph "b"',
    ],
    ['in which less is sent than it requires', sequence(first, entity('b', ['box'], 'id', 'deep')), 'Box.deep of the subgraph "b"'],
    [
      'in which a part of it is not sent',
      sequence(root('b', '{ box { __typename id wide { __typename } } }'), entity('b', ['box'], 'id wide { __typename }', 'wider')),
      'Box.wider of the subgraph "b"',
    ],
    ['in which it is fetched after it is sent', sequence(first, deep, depth), 'what follows from box.depth'],
    ['in which it is fetched at the same time', sequence(first, parallel(depth, deep)), 'what follows from box.depth'],
    ['in which it is fetched in another place', sequence(first, root('a', '{ boxes { depth } }'), deep), 'what follows from box.depth'],
    ['in which a key is fetched by nobody', sequence(root('b', '{ box { __typename } }'), depth), 'what follows from box.id'],
    ['in which nothing comes first', sequence(depth), 'what follows from box.id'],
  ])('%s', (_name, node, fields) => {
    expect(unfounded(node)).toContain(fields);
  });

  it('with a code, and the names of the fields', () => {
    const plan: QueryPlan = { kind: 'QueryPlan', node: root('b', '{ box { deep } }') };
    expect(() => {
      checkFoundations(plan, { graph: { sources }, requirements, contextual });
    }).toThrow(expect.objectContaining({ code: 'UNAVAILABLE', message: expect.stringContaining('Box.deep') as unknown }));
  });

  it('in which a deferred part does not wait for what it needs', () => {
    const deferred = (node: PlanNode) => ({ depends: [], queryPath: [], node });
    const plan: DeferNode = { kind: 'Defer', primary: { node: first }, deferred: [deferred(depth), deferred(deep)] };
    expect(unfounded(plan)).toEqual(['what follows from box.depth']);
  });

  it('in which the rest of a subscription asks too early', () => {
    expect(unfounded({ kind: 'Subscription', primary: first, rest: deep })).toEqual(['what follows from box.depth']);
  });
});

describe('A plan is right', () => {
  it.each<[string, QueryPlan['node']]>([
    ['without anything', undefined],
    ['in which each fetch waits for what it needs', sequence(first, depth, deep)],
    ['in which branches beside each other are right by themselves', parallel(sequence(first, depth, deep), root('a', '{ boxes { id } }'))],
    [
      'in which what was fetched at the same time is needed afterwards',
      sequence(first, parallel(depth, root('a', '{ boxes { id } }')), deep),
    ],
    [
      'in which the subgraph itself is asked for what a field of it requires',
      root('b', '{ box { deep ... on Box { depth } wider wide { inner } } }'),
    ],
    [
      'in which things are in lists of lists',
      sequence(root('a', '{ boxes { __typename id depth } }'), entity('b', ['boxes', '@', '@'], 'id depth', 'deep')),
    ],
    [
      'in which things are under conditions',
      sequence(first, { kind: 'Condition', condition: 'yes', ifClause: depth }, { kind: 'Condition', condition: 'yes', ifClause: deep }),
    ],
    ['in which a subscription is completed', { kind: 'Subscription', primary: first, rest: sequence(depth, deep) }],
    ['of a subgraph that nobody knows', root('other', '{ anything { at { all } } }')],
  ])('%s', (_name, node) => {
    expect(unfounded(node)).toEqual([]);
  });

  it('in which what was fetched by another name gets its own back', () => {
    const aliased: FetchNode = {
      ...root('b', '{ box__alias_0: box { __typename id depth__alias_0: depth } }'),
      outputRewrites: [
        { kind: 'KeyRenamer', path: ['box__alias_0', '... on Box', 'depth__alias_0'], renameKeyTo: 'depth' },
        { kind: 'KeyRenamer', path: ['box__alias_0'], renameKeyTo: 'box' },
      ],
    };
    expect(unfounded(sequence(aliased, deep))).toEqual([]);
  });
});
