import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner, type QueryPlan } from '@apollo/query-planner';
import { describe, expect, it } from '@jest/globals';
import { OperationTypeNode, parse } from 'graphql';
import { federate } from '../../tests/federation/supergraphs/federation.js';
import { mendMerges } from './mended-merges.js';

const { supergraphSdl } = federate([
  {
    name: 'a',
    typeDefs: `type Query { items: [Item!] } interface Item @key(fields: "id") { id: ID! name: String }
      type Table implements Item @key(fields: "id") { id: ID! name: String }`,
  },
  { name: 'b', typeDefs: 'type Query { cheapest: Item } type Item @key(fields: "id") @interfaceObject { id: ID! price: Int }' },
  {
    name: 'c',
    typeDefs: 'type Item @key(fields: "id") @interfaceObject { id: ID! name: String @external label: String @requires(fields: "name") }',
  },
]);
const supergraph = Supergraph.build(supergraphSdl);
const operation = operationFromDocument(supergraph.apiSchema(), parse('{ cheapest { ... on Table { label } } }'));

describe('A planner', () => {
  it('whose fetches cannot be reached, to be mended, is not used', () => {
    const fetch = {
      kind: 'Fetch',
      serviceName: 'a',
      operation: '{ a }',
      operationName: undefined,
      operationKind: OperationTypeNode.QUERY,
    } as const;
    let node: QueryPlan['node'] = fetch;
    const planner = { buildQueryPlan: (): QueryPlan => ({ kind: 'QueryPlan', ...(node === undefined ? {} : { node }) }) };
    const build = mendMerges(planner);
    expect(() => build(operation)).toThrow('This version of @apollo/query-planner keeps what it knows elsewhere');
    node = undefined;
    expect(build(operation)).toEqual({ kind: 'QueryPlan' });
    node = fetch;
    expect(() => build(operation)).toThrow('This version');
  });

  it('that is mended lets no fetch wait for itself, and is mended once', () => {
    const services = (plan: QueryPlan) => JSON.stringify(plan).match(/(?<="serviceName":")\w/g);
    expect(services(mendMerges(new QueryPlanner(supergraph))(operation))).toEqual(['b', 'a', 'c']);
    const again = mendMerges(new QueryPlanner(supergraph));
    expect([again(operation), again(operation)].map(services)).toEqual([
      ['b', 'a', 'c'],
      ['b', 'a', 'c'],
    ]);
  });
});
