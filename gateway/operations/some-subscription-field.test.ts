import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse, validate } from 'graphql';
import { someSubscriptionField } from './some-subscription-field.js';

const schema = buildSchema('type Query { a: Int } type Subscription { tick: Tick } type Tick { id: ID }');
const problems = (query: string) => validate(schema, parse(query), [someSubscriptionField]).map(({ message }) => message);

describe('A subscription', () => {
  it.each([
    'subscription { tick @skip(if: true) { id } }',
    'subscription { tick @include(if: false) { id } }',
    'subscription { ... @skip(if: true) { tick { id } } }',
    'subscription { ...F @include(if: false) } fragment F on Subscription { tick { id } }',
    'subscription { ...F } fragment F on Subscription { tick @skip(if: true) { id } }',
  ])('without a root field is refused: %s', (query) => {
    expect(problems(query)).toEqual(['The root field of a subscription cannot be left out by "@include" or "@skip".']);
  });

  it.each([
    'subscription { tick @skip(if: false) @include(if: true) { id } }',
    'subscription { tick { id @skip(if: true) } }',
    'subscription { ...Missing }',
    'query { a @skip(if: true) }',
  ])('is left to the other rules otherwise: %s', (query) => {
    expect(problems(query)).toEqual([]);
  });
});
