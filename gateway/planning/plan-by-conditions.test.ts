import type { FetchNode, QueryPlan } from '@apollo/query-planner';
import { describe, expect, it } from '@jest/globals';
import { OperationTypeNode, parse, print, stripIgnoredCharacters, type DocumentNode } from 'graphql';
import { planByConditions } from './plan-by-conditions.js';

/** A plan that says what it is of. */
function planOf(document: DocumentNode): QueryPlan {
  const operation = stripIgnoredCharacters(print(document));
  const node: FetchNode = { kind: 'Fetch', serviceName: 'a', operation, operationName: undefined, operationKind: OperationTypeNode.QUERY };
  return { kind: 'QueryPlan', node };
}

const flags = (count: number) => Array.from({ length: count }, (_, index) => `f${index}`);

describe('A plan for each way in which conditions turn out', () => {
  it('is given for five variables, and for none more', () => {
    const conditional = (count: number) =>
      parse(
        `query (${flags(count)
          .map((flag) => `$${flag}: Boolean!`)
          .join()}) { ${flags(count)
          .map((flag) => `${flag} @include(if: $${flag})`)
          .join(' ')} }`,
      );
    let plans = 0;
    const plan = (document: DocumentNode) => {
      plans += 1;
      return planOf(document);
    };
    expect(planByConditions(conditional(5), plan)?.node).toMatchObject({ kind: 'Condition', condition: 'f0' });
    expect(plans).toBe(32);
    expect(planByConditions(conditional(6), plan)).toBeUndefined();
    expect(plans).toBe(64);
  });

  it('asks which it is, and leaves out what asks nobody', () => {
    const document = parse('query ($x: Boolean!) { a @skip(if: $x) ... @include(if: $x) { b } }');
    const all = (x: boolean) => `query($x:Boolean!){a@skip(if:${x})...@include(if:${x}){b}}`;
    expect(planByConditions(document, planOf)?.node).toMatchObject({
      condition: 'x',
      ifClause: { operation: all(true) },
      elseClause: { operation: all(false) },
    });
    const one = planByConditions(document, (each) => (print(each).includes('false') ? { kind: 'QueryPlan' } : planOf(each)));
    expect(one?.node).toEqual({ kind: 'Condition', condition: 'x', ifClause: planOf(parse(all(true))).node });
    expect(planByConditions(document, () => ({ kind: 'QueryPlan' }))).toEqual({ kind: 'QueryPlan' });
  });

  it('is not given of a subscription, whose events come from one fetch', () => {
    const document = parse('subscription ($x: Boolean!) { a { b @skip(if: $x) } }');
    const { node: primary } = planOf(document);
    if (primary?.kind !== 'Fetch') throw new Error('no fetch');
    expect(planByConditions(document, () => ({ kind: 'QueryPlan', node: { kind: 'Subscription', primary } }))).toBeUndefined();
  });
});
