import { describe, expect, it } from '@jest/globals';
import { readGatewayConfig } from '../config/gateway-config.js';
import { cacheSettings } from './cache-variables.js';

const [mostCacheBytes, mostCacheEntries] = [cacheSettings.maxBytes.most, cacheSettings.maxEntries.most];

const read = (environment: Readonly<Record<string, string>>) => readGatewayConfig({ SUPERGRAPH_PATH: 'any.graphql', ...environment }).cache;

describe('The variables of the cache', () => {
  it.each([
    ['CACHE', 'on'],
    ['CACHE', 'private'],
    ['CACHE_BYTES', '0'],
    ['CACHE_BYTES', String(mostCacheBytes + 1)],
    ['CACHE_BYTES', '64M'],
    ['CACHE_ENTRIES', '0'],
    ['CACHE_ENTRIES', String(mostCacheEntries + 1)],
    ['CACHE_ENTRIES', '-1'],
    ['CACHE_INVALIDATION_SECRET', 'x'.repeat(31)],
    ['CACHE_INVALIDATION_SECRET', ` ${'x'.repeat(31)}`],
  ])('%s is not %p', (name, value) => {
    expect(() => read({ [name]: value })).toThrow(new RegExp(`${name}: `));
  });

  it('keep nothing unless they say so', () => {
    expect(read({})).toBeUndefined();
    expect(read({ CACHE: 'off', CACHE_BYTES: '1' })).toBeUndefined();
  });

  it('say what is kept, and how much of it', () => {
    expect(read({ CACHE: 'public', CACHE_BYTES: '1', CACHE_ENTRIES: '1' })).toEqual({
      keepsPrivate: false,
      maxBytes: 1,
      maxEntries: 1,
      redisUrl: undefined,
      invalidationSecret: undefined,
    });
    const invalidationSecret = 'x'.repeat(32);
    const most = {
      CACHE_INVALIDATION_SECRET: invalidationSecret,
      CACHE_BYTES: String(mostCacheBytes),
      CACHE_ENTRIES: String(mostCacheEntries),
      REDIS_URL: 'redis://cache.example',
    };
    expect(read({ CACHE: 'all', ...most })).toEqual({
      keepsPrivate: true,
      maxBytes: mostCacheBytes,
      maxEntries: mostCacheEntries,
      redisUrl: 'redis://cache.example',
      invalidationSecret,
    });
  });

  it('SECURITY: keep nothing private in several processes that cannot tell each other what has changed', () => {
    expect(() => read({ CACHE: 'all', WORKERS: '2' })).toThrow(/CACHE: with several WORKERS, "all" needs REDIS_URL/);
    expect(read({ CACHE: 'all', WORKERS: '1' })).toBeDefined();
    expect(read({ CACHE: 'public', WORKERS: '2' })).toBeDefined();
    expect(read({ CACHE: 'all', WORKERS: '2', REDIS_URL: 'redis://cache.example' })).toBeDefined();
  });

  it('SECURITY: let nobody end what others keep on', () => {
    const CACHE_INVALIDATION_SECRET = 'x'.repeat(32);
    expect(() => read({ CACHE_INVALIDATION_SECRET })).toThrow(/CACHE_INVALIDATION_SECRET: is for what CACHE keeps/);
    const several = { CACHE: 'public', WORKERS: '2', CACHE_INVALIDATION_SECRET };
    expect(() => read(several)).toThrow(/CACHE_INVALIDATION_SECRET: with several WORKERS, needs REDIS_URL/);
    expect(read({ ...several, WORKERS: '1' })).toBeDefined();
    expect(read({ ...several, REDIS_URL: 'redis://cache.example' })).toBeDefined();
  });
});
