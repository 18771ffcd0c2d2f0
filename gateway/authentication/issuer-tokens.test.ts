import { beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, createLocalJWKSet, type CryptoKey, type JWTVerifyGetKey } from 'jose';
import { createIssuerTokenVerifier } from './issuer-tokens.js';

const issuer = 'https://id.example/';
const audience = ['games', 'chat'];
const now = Date.UTC(2026, 0, 1);

describe('Tokens of somebody else’s issuer', () => {
  let key: CryptoKey;
  let keys: JWTVerifyGetKey;
  beforeAll(async () => {
    const pair = await generateKeyPair('RS256');
    key = pair.privateKey;
    keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'RS256' }] });
  });

  const verifier = (options: { now?: () => number; keys?: JWTVerifyGetKey } = {}) =>
    createIssuerTokenVerifier({ issuer, audience, keys, now: () => now, ...options });
  const sign = (claims: Record<string, unknown> = {}, signingKey = key) =>
    new SignJWT({ iss: issuer, aud: 'chat', sub: 'u1', iat: now / 1000, exp: now / 1000 + 60, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'k' })
      .sign(signingKey);

  it.each([
    ['another issuer', { iss: 'https://evil.example/' }],
    ['another audience', { aud: 'mail' }],
    ['no audience', { aud: undefined }],
    ['no subject', { sub: undefined }],
    ['an empty subject', { sub: '' }],
    ['a blank subject', { sub: ' ' }],
    ['a number as its subject', { sub: 5 }],
    ['a truth as its subject', { sub: true }],
    ['an object as its subject', { sub: {} }],
    ['a list as its subject', { sub: ['u1'] }],
    ['nothing as its subject', { sub: null }],
    ['a line break in its subject', { sub: 'a\nb' }],
    ['a control character in its subject', { sub: 'a\u0085b' }],
    ['half a character in its subject', { sub: 'a\ud83d' }],
    ['a subject that is too long', { sub: 'x'.repeat(257) }],
    ['no end', { exp: undefined }],
    ['an end that is past', { exp: now / 1000 - 6 }],
    ['a beginning that is to come', { nbf: now / 1000 + 6 }],
  ])('are refused with %s', async (_name, claims) => {
    await expect(verifier().verify(`Bearer ${await sign(claims)}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('are refused when others have signed them, nobody has, or by what everyone knows', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    const unsigned = new UnsecuredJWT({ iss: issuer, aud: 'chat', sub: 'u1', exp: now / 1000 + 60 }).encode();
    const symmetric = await new SignJWT({ iss: issuer, aud: 'chat', sub: 'u1', exp: now / 1000 + 60 })
      .setProtectedHeader({ alg: 'HS256', kid: 'k' })
      .sign(new TextEncoder().encode('what everyone knows, what everyone knows'));
    for (const token of [await sign({}, privateKey), unsigned, symmetric, 'nonsense', '']) {
      await expect(verifier().verify(`Bearer ${token}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    }
    await expect(verifier().verify('Basic dTpw')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('are not to blame when the keys cannot be had', async () => {
    const none = verifier({ keys: () => Promise.reject(new TypeError('fetch failed')) });
    await expect(none.verify(`Bearer ${await sign()}`)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('tell who asks, and make nobody an administrator here', async () => {
    const claims = {
      preferred_username: 'ada',
      sid: 's1',
      auth_time: now / 1000 - 9,
      roles: ['ADMIN'],
      scope: 'read write',
      policies: ['paid'],
    };
    expect(await verifier().verify(`Bearer ${await sign(claims)}`)).toEqual({
      userId: 'u1',
      username: 'ada',
      sessionId: 's1',
      roles: [],
      scopes: ['read', 'write'],
      policies: ['paid'],
      authenticatedAt: now - 9_000,
      expiresAt: now + 60_000,
    });
    expect(await verifier().verify(undefined)).toBeNull();
  });

  it.each(['x'.repeat(256), '日本', 'auth0|5', '☃'])('may have the subject %s', async (sub) => {
    expect(await verifier().verify(`Bearer ${await sign({ sub, jti: 5 })}`)).toMatchObject({ userId: sub, username: sub, sessionId: sub });
  });

  it('are verified once, and refused again when they have expired', async () => {
    let time = now;
    let asked = 0;
    const counted: JWTVerifyGetKey = (...args) => {
      asked += 1;
      return keys(...args);
    };
    const tokens = verifier({ now: () => time, keys: counted });
    const authorization = `Bearer ${await sign()}`;
    await tokens.verify(authorization);
    await tokens.verify(authorization);
    expect(asked).toBe(1);
    time += 66_000;
    await expect(tokens.verify(authorization)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringContaining('expired'),
    });
  });
});
