import { describe, expect, it } from '@jest/globals';
import { maximumExceptions } from '../../shared/graphql/sharing/sharing.js';
import { readAnswerScope } from './answer-scope.js';

const publicTo = (except: readonly string[]) => ({ kind: 'public', except });

describe('For whom an answer holds', () => {
  it.each([
    ['nothing', {}],
    ['an empty value', { 'cache-control': '' }],
    ['no-store', { 'cache-control': 'no-store' }],
    ['public and no-store', { 'cache-control': 'public, no-store' }],
    ['public and no-cache of a field', { 'cache-control': 'public, no-cache="x"' }],
    ['a word that begins with public', { 'cache-control': 'publicly' }],
    ['an age alone', { 'cache-control': 'max-age=60' }],
    ...['authorization', 'Authorization, accept', '*', 'Cookie', 'x-user-id', 'X-Client-IP'].map((vary) => [
      `public, but different by ${vary}`,
      { 'cache-control': 'public', vary },
    ]),
  ] as [string, Record<string, string>][])('is not told by %s', (_what, headers) => {
    expect(readAnswerScope(headers)).toBeUndefined();
  });

  it.each(['private', 'Private, max-age=5', 'public, private', 'private="x"'])('is the asker for %s', (value) => {
    expect(readAnswerScope({ 'cache-control': value })).toEqual({ kind: 'private' });
  });

  it.each([
    ['public', publicTo([])],
    ['PUBLIC , max-age=0', publicTo([])],
    [['max-age=1', 'public'], publicTo([])],
  ])('is everyone for %p', (value, scope) => {
    expect(readAnswerScope({ 'cache-control': value, vary: 'accept-encoding' })).toEqual(scope);
  });

  it('is everyone but the exceptions, when these are not too many', () => {
    const ids = Array.from({ length: maximumExceptions }, (_, index) => `user-${index}`);
    const read = (except: readonly string[]) => readAnswerScope({ 'cache-control': 'public', 'x-shared-except': except.join(', ') });
    expect(read(ids)).toEqual(publicTo(ids));
    expect(read([...ids, 'one-more'])).toEqual({ kind: 'private' });
  });
});
