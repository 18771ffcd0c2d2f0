import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse, specifiedRules, validate } from 'graphql';
import { deferRules } from './defer-rules.js';

const schema = buildSchema(`
  directive @defer(label: String, if: Boolean! = true) on FRAGMENT_SPREAD | INLINE_FRAGMENT
  type Query { a: Int b: B }
  type Mutation { set: B }
  type Subscription { tick: B }
  type B { id: ID b: B }`);
const problems = (query: string) => validate(schema, parse(query), [...specifiedRules, ...deferRules]).map(({ message }) => message);

describe('A deferred fragment', () => {
  it.each([
    ['{ ... @defer(label: "x") { a } b { ... @defer(label: "x") { id } } }', 'Only one "@defer" can have the label "x".'],
    ['query ($l: String) { ... @defer(label: $l) { a } }', 'The label of "@defer" must be a string that is written out.'],
    ['mutation { ... @defer { set { id } } }', 'Fields of "Mutation" cannot be deferred.'],
    ['mutation { ...F @defer } fragment F on Mutation { set { id } }', 'Fields of "Mutation" cannot be deferred.'],
    ['subscription { tick { ... @defer { id } } }', 'Subscriptions cannot have "@defer", unless its "if" is false.'],
    ['subscription { tick { ... @defer(if: true) { id } } }', 'Subscriptions cannot have "@defer", unless its "if" is false.'],
    [
      'subscription { tick { ...F } } fragment F on B { ... @defer { id } }',
      'Subscriptions cannot have "@defer", unless its "if" is false.',
    ],
  ])('is refused: %s', (query, problem) => {
    expect(problems(query)).toEqual([problem]);
  });

  it('is refused at the root of a subscription', () => {
    expect(problems('subscription { ... @defer(if: false) { tick { id } } }')).toEqual(['Fields of "Subscription" cannot be deferred.']);
  });

  it.each([
    '{ ... @defer { a } ... @defer { b { id } } }',
    '{ b { ... @defer(label: "x") { id } ... @defer(label: "y", if: true) { b { ... @defer(label: null) { id } } } } }',
    'mutation { set { ... @defer { id } } }',
    'subscription { tick { ... @defer(if: false) { id } } }',
    'subscription ($if: Boolean!) { tick { ... @defer(if: $if) { id } } }',
    'query Q { b { ...F } } fragment F on B { ...G @defer } fragment G on B { id }',
  ])('is let through: %s', (query) => {
    expect(problems(query)).toEqual([]);
  });
});
