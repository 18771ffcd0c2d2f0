import { describe, expect, it } from '@jest/globals';
import { longestLifetimeSeconds, readLifetime } from './answer-lifetime.js';

const forAll = (seconds: number) => ({ seconds, isPrivate: false });
const forOne = (seconds: number) => ({ seconds, isPrivate: true });

describe('SECURITY: the headers of a subgraph', () => {
  it.each<readonly [string, Readonly<Record<string, string | string[]>>]>([
    ['nothing', {}],
    ['no time', { 'cache-control': 'public' }],
    ['no-store', { 'cache-control': 'public, max-age=60, no-store' }],
    ['no-store in a second header', { 'cache-control': ['public, max-age=60', 'no-store'] }],
    ['no-cache', { 'cache-control': 'public, max-age=60, no-cache' }],
    ['no-cache of some fields', { 'cache-control': 'public, max-age=60, no-cache="set-cookie, x"' }],
    ['no time left', { 'cache-control': 'public, max-age=60', age: '60' }],
    ['an age that is none', { 'cache-control': 'public, max-age=60', age: 'old' }],
    ['max-age=0', { 'cache-control': 'public, max-age=0' }],
    ['a negative time', { 'cache-control': 'public, max-age=-1' }],
    ['a time that is none', { 'cache-control': 'public, max-age=1e3' }],
    ['a quoted time', { 'cache-control': 'public, max-age="60"' }],
    ['two times', { 'cache-control': 'public, max-age=60, max-age=90' }],
    ['no time for caches that are shared', { 'cache-control': 'public, max-age=60, s-maxage=0' }],
    ['a time inside of another value', { 'cache-control': 'public, x="y, max-age=60"' }],
    ['variation by all', { 'cache-control': 'public, max-age=60', vary: '*' }],
    ['variation by the address', { 'cache-control': 'public, max-age=60', vary: 'Accept, X-Client-IP' }],
    ['variation by the program', { 'cache-control': 'public, max-age=60', vary: 'User-Agent' }],
    ['exceptions', { 'cache-control': 'public, max-age=60', 'x-shared-except': 'user-1' }],
  ])('that say %s let nothing be kept', (_what, headers) => {
    expect(readLifetime(headers)).toBeUndefined();
  });

  it.each<readonly [string, Readonly<Record<string, string | string[]>>]>([
    ['private', { 'cache-control': 'private, max-age=60' }],
    ['both', { 'cache-control': 'public, private, max-age=60' }],
    ['neither', { 'cache-control': 'max-age=60' }],
    ['private of some fields', { 'cache-control': 'private="x", max-age=60' }],
    ['public inside of another value', { 'cache-control': 'x="y, public", max-age=60' }],
    ['private, and a time for shared caches', { 'cache-control': 'private, max-age=60, s-maxage=90' }],
    ['public, by the token', { 'cache-control': 'public, max-age=60', vary: 'Authorization' }],
    ['public, by the user', { 'cache-control': 'public, max-age=60', vary: 'x-user-id' }],
  ])('that say %s keep it for the one who asked', (_what, headers) => {
    expect(readLifetime(headers)).toEqual(forOne(60));
  });

  it.each<readonly [string, Readonly<Record<string, string | string[]>>, number]>([
    ['public', { 'cache-control': 'max-age=60, public' }, 60],
    ['it in capitals', { 'cache-control': 'Public,MAX-AGE=60' }, 60],
    ['the same twice', { 'cache-control': ['public, max-age=60', 'max-age=60'] }, 60],
    ['a time for shared caches', { 'cache-control': 'max-age=60, s-maxage=90' }, 90],
    ['an age', { 'cache-control': 'public, max-age=60', age: '59' }, 1],
    ['variation by what does not change', { 'cache-control': 'public, max-age=60', vary: 'Accept-Encoding, Origin' }, 60],
    ['the longest time', { 'cache-control': `public, max-age=${longestLifetimeSeconds}` }, longestLifetimeSeconds],
    ['more than the longest time', { 'cache-control': `public, max-age=${longestLifetimeSeconds + 1}` }, longestLifetimeSeconds],
  ])('that say %s keep it for everyone', (_what, headers, seconds) => {
    expect(readLifetime(headers)).toEqual(forAll(seconds));
  });

  it.each([
    ['a tag that is too long', 'x'.repeat(257)],
    ['too many tags', Array.from({ length: 65 }, (_, n) => n).join()],
  ])('with %s keep nothing, since nobody could end it by them', (_what, tags) => {
    expect(readLifetime({ 'cache-control': 'public, max-age=60', 'cache-tag': tags })).toBeUndefined();
  });

  it.each<readonly [string | string[], readonly string[]]>([
    ['a', ['a']],
    [
      ['User-1, b c,', ' D'],
      ['User-1', 'b c', 'D'],
    ],
    ['x'.repeat(256), ['x'.repeat(256)]],
    [Array.from({ length: 64 }, (_, n) => n).join(), Array.from({ length: 64 }, (_, n) => String(n))],
  ])('give what is kept its tags: %j', (header, tags) => {
    expect(readLifetime({ 'cache-control': 'public, max-age=60', 'cache-tag': header })).toEqual({ ...forAll(60), tags });
    expect(readLifetime({ 'cache-control': 'public, max-age=60', 'cache-tag': ',' })).toEqual(forAll(60));
  });
});
