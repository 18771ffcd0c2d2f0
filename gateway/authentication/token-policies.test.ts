import { describe, expect, it } from '@jest/globals';
import { tokenPolicies } from './token-policies.js';

describe('SECURITY 40: The policies of a token', () => {
  it.each<[unknown]>([[undefined], [null], [5], [true], [{ admin: true }], [''], [' '], [[]], [[5, null, '', {}, ['admin']]]])(
    'are none in %j',
    (policies) => {
      expect(tokenPolicies({ policies }, 'policies')).toEqual([]);
    },
  );

  it.each(['policy', 'toString', '__proto__', 'policies.length', 'policies.0', 'constructor.name', ''])(
    'are none in the claim "%s", which nobody wrote',
    (claim) => {
      expect(tokenPolicies({ policies: ['admin'] }, claim)).toEqual([]);
    },
  );

  it.each<[string, Record<string, unknown>]>([
    ['policies', { policies: ['read all', 'write'] }],
    ['https://game.example/policies', { 'https://game.example/policies': ['read all', 'write'], https: { wrong: true } }],
    ['realm_access.roles', { realm_access: { roles: ['read all', 'write'] } }],
    ['realm_access.roles', { realm_access: { roles: ['wrong'] }, 'realm_access.roles': ['read all', 'write'] }],
  ])('are those that the claim %s lists', (claim, claims) => {
    expect(tokenPolicies(claims, claim)).toEqual(['read all', 'write']);
  });

  it('are separated by blanks in a text', () => {
    expect(tokenPolicies({ policies: 'read  write' }, 'policies')).toEqual(['read', 'write']);
  });
});
