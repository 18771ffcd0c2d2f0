import { describe, expect, it } from '@jest/globals';
import { isAllowedOrigin } from './origin.js';

const allowed = ['https://game.example'];

describe('SECURITY 39: a page', () => {
  it.each([
    ['http://evil.example', 'evil.example'],
    ['https://galaxia.example:444', 'galaxia.example:444'],
    ['https://galaxia.example.evil.example', 'galaxia.example'],
    ['http://localhost:4000', 'localhost:4000'],
    ['null', 'galaxia.example'],
    ['', ''],
  ])('of %j is none of our own, whatever Host says, when our address is known', (origin, host) => {
    expect(isAllowedOrigin({ origin, host }, { allowed, publicUrl: 'https://galaxia.example' })).toBe(false);
  });

  it.each(['http://evil.example:4000', 'http://localhost:4001', 'http://127.0.0.1.evil.example:4000'])(
    'of %s is none of our own when our address is that of this machine',
    (origin) => {
      const { host } = new URL(origin);
      expect(isAllowedOrigin({ origin, host }, { allowed, publicUrl: 'http://127.0.0.1:4000' })).toBe(false);
    },
  );

  it.each(['http://127.0.0.1:4000', 'http://localhost:4000', 'http://[::1]:4000'])(
    'of %s is our own when our address is that of this machine, by whatever name',
    (origin) => {
      expect(isAllowedOrigin({ origin, host: 'x' }, { allowed, publicUrl: 'http://127.0.0.1:4000/' })).toBe(true);
    },
  );

  it('of our address or of an allowed one may use us behind any Host, and so may what is no page', () => {
    for (const origin of ['https://galaxia.example', 'http://galaxia.example', 'https://game.example', undefined])
      expect(isAllowedOrigin({ origin, host: 'inside:4000' }, { allowed, publicUrl: 'https://galaxia.example/graphs' })).toBe(true);
    expect(isAllowedOrigin({ origin: 'https://elsewhere.example' }, { allowed: ['*'], publicUrl: 'https://galaxia.example' })).toBe(true);
  });

  it('is our own by Host when nobody has said what our address is', () => {
    const origins = { allowed, publicUrl: undefined };
    expect(isAllowedOrigin({ origin: 'https://here.example', host: 'Here.Example' }, origins)).toBe(true);
    expect(isAllowedOrigin({ origin: 'https://here.example', host: 'there.example' }, origins)).toBe(false);
    expect(isAllowedOrigin({ origin: 'https://here.example' }, origins)).toBe(false);
  });
});
