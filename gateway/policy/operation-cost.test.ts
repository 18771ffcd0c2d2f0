import { composeServices } from '@apollo/composition';
import { Supergraph } from '@apollo/federation-internals';
import { describe, expect, it } from '@jest/globals';
import { getOperationAST, parse } from 'graphql';
import { readCostDirectives } from './cost-directives.js';
import { compileCost } from './operation-cost.js';

function costOf(typeDefs: string) {
  const { supergraphSdl, errors } = composeServices([{ name: 'one', url: 'http://one.example', typeDefs: parse(typeDefs) }]);
  if (supergraphSdl === undefined) throw new Error(errors.join());
  const supergraph = Supergraph.build(supergraphSdl);
  const schema = supergraph.apiSchema().toGraphQLJSSchema();
  const directives = readCostDirectives(supergraph.schema.toGraphQLJSSchema());
  return (query: string, variables: Readonly<Record<string, unknown>> = {}): number => {
    const document = parse(query);
    const operation = getOperationAST(document);
    if (operation === null || operation === undefined) throw new Error('no operation');
    return compileCost({ schema, directives, document, operation, assumedListSize: 10 }).evaluate(variables);
  };
}

describe('The cost of an operation', () => {
  const cost = costOf(`
    type Query { node: Node nodes: [Node] page(first: Int = 5, last: Int): [Node] connection(limit: Int): Connection matrix: [[Node]] thing: Thing name: String }
    type Mutation { change: Node }
    type Connection { nodes: [Node] edges: [Edge] total: Int first: Node }
    type Edge { node: Node }
    type Node { id: ID node: Node nodes: [Node] tags: [String] }
    interface Thing { id: ID }
    type Red implements Thing { id: ID node: Node nodes: [Node] }
    type Blue implements Thing { id: ID node: Node }
  `);

  it.each([
    ['{ name }', 0],
    ['{ __typename __schema { types { name } } }', 0],
    ['{ node { id tags } }', 1],
    ['{ node { node { id } } a: node { id } }', 3],
    ['mutation { change { id } }', 10],
    // A list of ten, each with a list of ten.
    ['{ nodes { id } }', 10],
    ['{ nodes { nodes { id } } }', 110],
    ['{ matrix { id } }', 100],
    ['{ page { id } }', 5],
    ['{ page(first: 7) { id } }', 7],
    ['{ page(first: 7, last: 9) { id } }', 9],
    ['{ page(first: 0) { nodes { id } } }', 0],
    // The page is of what is in the connection.
    ['{ connection(limit: 3) { total nodes { id } } }', 4],
    ['{ connection(limit: 3) { edges { node { id } } } }', 7],
    ['{ connection(limit: 3) { ...F first { id } } } fragment F on Connection { nodes { nodes { id } } }', 1 + 3 * 11 + 1],
    ['{ connection { nodes { id } } }', 11],
    // One object is one of them only.
    ['{ thing { ... on Red { node { id } nodes { id } } ... on Blue { node { id } } id } }', 1 + 1 + 10],
    ['{ thing { ... on Red { node { id } } ...F } } fragment F on Red { nodes { id } }', 1 + 1 + 10],
    ['{ thing { ... { ... on Red { node { id } } } ... on Blue { node { id } } } }', 1 + 1 + 1],
    // Each part of an answer that comes later.
    ['{ ... @defer { name } }', 1],
    ['{ nodes { id ...F @defer } } fragment F on Node { id ... @defer { tags } }', 10 * 3],
    ['{ nobody(first: 1000) { knows { it } } }', 0],
  ])('%s is %i', (query, points) => {
    expect(cost(query)).toBe(points);
  });

  it.each([
    [{ n: 4 }, 4 * 3],
    [{ n: 0 }, 0],
    [{ n: null }, 2 * 3],
    [{}, 2 * 3],
    [{ n: 'many' }, 2 * 3],
    [{ n: Infinity }, Infinity],
  ])('follows the variables %j', (variables, points) => {
    const query = 'query ($n: Int = 2, $m: Int) { connection(limit: $n) { nodes { node { node { id } } } } }';
    expect(cost(query, variables)).toBe(1 + points);
  });
});

describe('What the authors of a schema say about cost', () => {
  const link = '@link(url: "https://specs.apollo.dev/federation/v2.9", import: [';
  const types = `
    type Query {
      cheap: Node @C(weight: 0)
      dear(by: Int @C(weight: 4)): Node @C(weight: 30)
      some: [Node] @L(assumedSize: 3)
      take(count: Int, first: Int): [Node] @L(slicingArguments: ["count"], requireOneSlicingArgument: false)
      color: Color
    }
    type Node @C(weight: 2) { id: ID score: Int @C(weight: 5) }
    enum Color @C(weight: 6) { RED }`;

  it.each([
    ['by their own names', `${link}"@cost", "@listSize"])`, 'cost', 'listSize'],
    ['under other names', `${link}{ name: "@cost", as: "@price" }, { name: "@listSize", as: "@length" }])`, 'price', 'length'],
    ['without import', `${link}])`, 'federation__cost', 'federation__listSize'],
  ])('counts, imported %s', (_name, import_, costName, sizeName) => {
    const cost = costOf(`extend schema ${import_} ${types.replaceAll('@C', `@${costName}`).replaceAll('@L', `@${sizeName}`)}`);
    expect(
      [
        '{ cheap { id } }',
        '{ dear { id } }',
        '{ dear(by: 1) { score } }',
        '{ some { id } }',
        '{ take(count: 4) { id } }',
        '{ take(first: 4) { id } }',
        '{ color }',
      ].map((query) => cost(query)),
    ).toEqual([0, 30, 39, 6, 8, 20, 6]);
  });
});
