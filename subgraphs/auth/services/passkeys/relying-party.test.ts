import { describe, expect, it } from '@jest/globals';
import { relyingParty } from './relying-party.js';

describe('what passkeys are bound to', () => {
  it.each([
    ['https://galaxia.example', 'galaxia.example', 'https://galaxia.example'],
    ['https://galaxia.example/base', 'galaxia.example', 'https://galaxia.example'],
    ['https://play.galaxia.example:8443', 'play.galaxia.example', 'https://play.galaxia.example:8443'],
    // No browser takes an address for it.
    ['http://127.0.0.1:4000', 'localhost', 'http://localhost:4000'],
    ['http://[::1]:4000', 'localhost', 'http://localhost:4000'],
    ['http://localhost:4000', 'localhost', 'http://localhost:4000'],
  ])('at %s is %s, from %s alone', (publicUrl, id, origin) => {
    expect(relyingParty(publicUrl)).toEqual({ id, origins: [origin] });
  });

  it('is what the configuration says', () => {
    const settings = { id: 'example.org', origins: ['https://a.example.org', 'android:apk-key-hash:abc'] };
    expect(relyingParty('https://galaxia.example.org', settings)).toEqual(settings);
  });
});
