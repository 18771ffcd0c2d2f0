import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { describe, expect, it, jest } from '@jest/globals';
import {
  base64url,
  createLocalJWKSet,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  SignJWT,
  UnsecuredJWT,
  errors,
  type CryptoKey,
  type JWTVerifyGetKey,
} from 'jose';
import { createAccessTokenVerifier } from './access-token.js';
import { createRevocations } from './revocations.js';

const start = Date.parse('2026-11-20T12:00:00Z');
const second = 1000;
const lifetime = 600;
const header = { alg: 'EdDSA', typ: 'at+jwt', kid: 'ours' };

const ours = await generateKeyPair('EdDSA', { extractable: true });
const theirs = await generateKeyPair('EdDSA', { extractable: true });
const publicJwk = { ...(await exportJWK(ours.publicKey)), kid: 'ours', alg: 'EdDSA', use: 'sig' };

function goodClaims(): Record<string, unknown> {
  const now = start / second;
  return {
    iss: 'urn:galaxia',
    aud: 'galaxia',
    iat: now,
    nbf: now,
    exp: now + lifetime,
    sub: '019aa000-0000-7000-8000-000000000001',
    sid: '019aa000-0000-7000-8000-000000000002',
    jti: randomUUID(),
    auth_time: now - 5,
    amr: ['pwd'],
    roles: ['USER'],
    username: 'Ada',
  };
}

/** A token that is good but for what the arguments change; a claim of undefined is left out. */
async function sign(
  claims: Record<string, unknown> = {},
  headers: Record<string, unknown> = {},
  key: CryptoKey | Uint8Array = ours.privateKey,
): Promise<string> {
  return new SignJWT({ ...goodClaims(), ...claims }).setProtectedHeader({ ...header, ...headers }).sign(key);
}

function createSubject({ keys = createLocalJWKSet({ keys: [publicJwk] }) }: { keys?: JWTVerifyGetKey } = {}) {
  let now = start;
  const clock = () => now;
  const countedKeys = jest.fn(keys);
  const revocations = createRevocations(clock);
  const verifier = createAccessTokenVerifier({ keys: countedKeys, revocations, now: clock });
  return {
    revocations,
    countedKeys,
    verify: (token: string) => verifier.verify(`Bearer ${token}`),
    verifyHeader: (authorization: string | undefined) => verifier.verify(authorization),
    advance(seconds: number) {
      now += seconds * second;
    },
  };
}

const unauthenticated = expect.objectContaining({ code: 'UNAUTHENTICATED' });

function changePart(token: string, index: number, change: (part: string) => string): string {
  return token
    .split('.')
    .map((part, position) => (position === index ? change(part) : part))
    .join('.');
}

function flip(part: string): string {
  return (part.startsWith('A') ? 'B' : 'A') + part.slice(1);
}

describe('an access token is refused', () => {
  const { verify, verifyHeader } = createSubject();

  it.each([
    ['an empty header', ''],
    ['a scheme alone', 'Bearer'],
    ['no token', 'Bearer  '],
    ['Basic', 'Basic YWRhOnBhc3N3b3Jk'],
    ['two parts', 'Bearer aaa.bbb'],
    ['four parts', 'Bearer aaa.bbb.ccc.ddd'],
    ['a comma-joined second token', 'Bearer aaa.bbb.ccc, Bearer aaa.bbb.ccc'],
    ['a line break', 'Bearer aaa.bbb.ccc\r\nx-user-id: 1'],
    ['parts that are no JSON', 'Bearer aaa.bbb.ccc'],
    ['a token of megabytes', `Bearer ${'a'.repeat(1_000_000)}.bbb.ccc`],
  ])('when the header is %s', async (_name, authorization) => {
    await expect(verifyHeader(authorization)).rejects.toEqual(unauthenticated);
  });

  it('SECURITY 15: with `alg: none`, with and without an empty signature', async () => {
    const unsecured = new UnsecuredJWT(goodClaims()).encode();
    const none = base64url.encode(JSON.stringify({ ...header, alg: 'none' }));
    await expect(verify(unsecured)).rejects.toEqual(unauthenticated);
    for (const alg of ['none', 'None', 'NONE']) {
      const forged = changePart(await sign(), 0, () => base64url.encode(JSON.stringify({ ...header, alg })));
      await expect(verify(forged)).rejects.toEqual(unauthenticated);
    }
    await expect(
      verify(
        changePart(
          changePart(await sign(), 0, () => none),
          2,
          () => 'A',
        ),
      ),
    ).rejects.toEqual(unauthenticated);
  });

  it('SECURITY 15: with HS256 over our public key, in any encoding of it', async () => {
    const secrets = [await exportSPKI(ours.publicKey), JSON.stringify(publicJwk), publicJwk.x ?? ''].map((text) =>
      new TextEncoder().encode(text.padEnd(32, ' ')),
    );
    for (const secret of [...secrets, Buffer.from(publicJwk.x ?? '', 'base64url')]) {
      await expect(verify(await sign({}, { alg: 'HS256' }, secret))).rejects.toEqual(unauthenticated);
    }
  });

  it('SECURITY 15: with another asymmetric algorithm', async () => {
    const elliptic = await generateKeyPair('ES256');
    const set = createLocalJWKSet({ keys: [publicJwk, { ...(await exportJWK(elliptic.publicKey)), kid: 'elliptic', alg: 'ES256' }] });
    const subject = createSubject({ keys: set });
    await expect(subject.verify(await sign({}, { alg: 'ES256', kid: 'elliptic' }, elliptic.privateKey))).rejects.toEqual(unauthenticated);
  });

  it.each([
    ['an ID token', { typ: 'JWT' }],
    ['a refresh token', { typ: 'rt+jwt' }],
    ['no type', { typ: undefined }],
  ])('SECURITY 17: of another type: %s', async (_name, headers) => {
    await expect(verify(await sign({}, headers))).rejects.toEqual(unauthenticated);
  });

  it.each([
    ['another issuer', { iss: 'urn:elsewhere' }],
    ['another audience', { aud: 'elsewhere' }],
    ['several audiences without ours', { aud: ['elsewhere', 'galaxia2'] }],
    ['an `exp` that is no number', { exp: '9999999999' }],
    ['an `auth_time` that is no number', { auth_time: 'now' }],
    ['an empty subject', { sub: '' }],
    ['a subject that is no text', { sub: 1 }],
    ['a session that is no text', { sid: { id: 1 } }],
    ['a life of more than ten minutes', { exp: start / second + lifetime + 1 }],
  ])('with %s', async (_name, claims) => {
    await expect(verify(await sign(claims))).rejects.toEqual(unauthenticated);
  });

  it.each(Object.keys(goodClaims()))('SECURITY 19: without the claim %s', async (claim) => {
    await expect(verify(await sign({ [claim]: undefined }))).rejects.toEqual(unauthenticated);
  });

  it('SECURITY 15: signed by a key that is not ours, under our `kid` or its own', async () => {
    await expect(verify(await sign({}, {}, theirs.privateKey))).rejects.toEqual(unauthenticated);
    await expect(verify(await sign({}, { kid: 'theirs' }, theirs.privateKey))).rejects.toEqual(unauthenticated);
  });

  it('SECURITY 18: signed by a key that it brings along or points at', async () => {
    const jwk = await exportJWK(theirs.publicKey);
    const fetched = jest.spyOn(globalThis, 'fetch');
    for (const headers of [
      { jwk },
      { jwk, kid: 'theirs' },
      { jku: 'https://attacker.example/jwks.json' },
      { x5u: 'https://attacker.example/cert.pem' },
      { x5c: ['MIIB'] },
    ]) {
      await expect(verify(await sign({}, headers, theirs.privateKey))).rejects.toEqual(unauthenticated);
    }
    expect(fetched).not.toHaveBeenCalled();
    fetched.mockRestore();
  });

  it('with a critical extension that we do not know', async () => {
    const extended = changePart(await sign(), 0, () => base64url.encode(JSON.stringify({ ...header, crit: ['b64'], b64: false })));
    await expect(verify(extended)).rejects.toEqual(unauthenticated);
  });

  it('after a change to its header, payload or signature', async () => {
    const token = await sign();
    const promoted = base64url.encode(JSON.stringify({ ...goodClaims(), roles: ['ADMIN'] }));
    await expect(verify(changePart(token, 0, flip))).rejects.toEqual(unauthenticated);
    await expect(verify(changePart(token, 1, () => promoted))).rejects.toEqual(unauthenticated);
    await expect(verify(changePart(token, 2, flip))).rejects.toEqual(unauthenticated);
    await expect(verify(changePart(token, 2, (part) => part.slice(0, -2)))).rejects.toEqual(unauthenticated);
    await expect(verify(changePart(token, 2, () => 'A'.repeat(86)))).rejects.toEqual(unauthenticated);
  });

  it('after any change to the last character of its signature, of which four bits mean nothing', async () => {
    const token = await sign();
    const others = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_').filter(
      (character) => !token.endsWith(character),
    );
    for (const character of others) await expect(verify(token.slice(0, -1) + character)).rejects.toEqual(unauthenticated);
  });

  it('even when the untampered token was verified and cached just before', async () => {
    const subject = createSubject();
    const token = await sign();
    await subject.verify(token);
    await expect(subject.verify(changePart(token, 2, flip))).rejects.toEqual(unauthenticated);
  });

  it('SECURITY 18: with an unknown `kid` or one of the names that every object has', async () => {
    for (const kid of ['unknown', '', '__proto__', 'constructor'])
      await expect(verify(await sign({}, { kid }))).rejects.toEqual(unauthenticated);
  });

  it('SECURITY 16: once it has expired, from five seconds after `exp` on', async () => {
    const subject = createSubject();
    const token = await sign();
    subject.advance(lifetime + 4);
    await expect(subject.verify(token)).resolves.not.toBeNull();
    subject.advance(1);
    await expect(subject.verify(token)).rejects.toEqual(unauthenticated);
    const fresh = createSubject();
    fresh.advance(lifetime + 5);
    await expect(fresh.verify(token)).rejects.toThrow('expired');
  });

  it('SECURITY 16: before `nbf`, and with an `iat` in the future, beyond five seconds of skew', async () => {
    const ahead = (seconds: number) => start / second + seconds;
    await expect(verify(await sign({ nbf: ahead(6) }))).rejects.toEqual(unauthenticated);
    await expect(verify(await sign({ iat: ahead(6) }))).rejects.toEqual(unauthenticated);
    await expect(verify(await sign({ nbf: ahead(5), iat: ahead(5) }))).resolves.not.toBeNull();
  });

  it('SECURITY 21: of a session that ended, though its signature was verified before', async () => {
    const subject = createSubject();
    const token = await sign();
    const viewer = await subject.verify(token);
    subject.revocations.revoke({ sessionId: viewer?.sessionId ?? '', endedAt: start });
    await expect(subject.verify(token)).rejects.toThrow('session has ended');
  });

  it('SECURITY 20: of a key that was revoked, though its signature was verified before, and is still published', async () => {
    const subject = createSubject();
    const token = await sign();
    await subject.verify(token);
    subject.revocations.revokeKey('another');
    await expect(subject.verify(token)).resolves.not.toBeNull();
    subject.revocations.revokeKey('ours');
    for (const each of [token, await sign()]) await expect(subject.verify(each)).rejects.toEqual(unauthenticated);
  });

  it('SECURITY 21: after its session ended, until it would have expired anyway', async () => {
    const subject = createSubject();
    subject.advance(-1);
    subject.revocations.revoke({ sessionId: String(goodClaims().sid), endedAt: start });
    subject.advance(lifetime);
    await expect(subject.verify(await sign())).rejects.toEqual(unauthenticated);
  });
});

describe('an access token is accepted', () => {
  it('when nothing is wrong with it, whatever the case of the scheme', async () => {
    const { verifyHeader } = createSubject();
    const viewer = {
      userId: '019aa000-0000-7000-8000-000000000001',
      sessionId: '019aa000-0000-7000-8000-000000000002',
      username: 'Ada',
      roles: ['USER'],
      authenticatedAt: start - 5 * second,
      expiresAt: start + lifetime * second,
    };
    for (const scheme of ['Bearer', 'bearer', 'BEARER ']) await expect(verifyHeader(`${scheme} ${await sign()}`)).resolves.toEqual(viewer);
  });

  it('with roles that we do not know left out, and without any when they are no list', async () => {
    const { verify } = createSubject();
    await expect(verify(await sign({ roles: ['USER', 'ROOT', 7, '__proto__'] }))).resolves.toMatchObject({ roles: ['USER'] });
    await expect(verify(await sign({ roles: 'ADMIN' }))).resolves.toMatchObject({ roles: [] });
  });

  it('and its signature is checked once, not for every request', async () => {
    const subject = createSubject();
    const token = await sign();
    for (let request = 0; request < 5; request += 1) await subject.verify(token);
    expect(subject.countedKeys).toHaveBeenCalledTimes(1);
  });

  it('and it is the same token however its header is written', async () => {
    const subject = createSubject();
    const token = await sign();
    for (const header of ['bearer ', 'Bearer  ', 'BEARER ', 'Bearer ', 'bearer ']) await subject.verifyHeader(`${header}${token}`);
    await subject.verifyHeader(`Bearer ${token} `);
    expect(subject.countedKeys).toHaveBeenCalledTimes(1);
  });
});

describe('a caller', () => {
  it('without a token is anonymous', async () => {
    await expect(createSubject().verifyHeader(undefined)).resolves.toBeNull();
  });

  it('is not told to sign in again when the keys cannot be had', async () => {
    const outages = [
      new TypeError('fetch failed'),
      new errors.JWKSTimeout(),
      new errors.JWKSInvalid(),
      new errors.JOSEError('Expected 200 OK from the JSON Web Key Set HTTP response'),
    ];
    for (const outage of outages) {
      const subject = createSubject({ keys: () => Promise.reject(outage) });
      await expect(subject.verify(await sign())).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 1 });
    }
  });

  it('SECURITY 15: cannot use an RSA key of theirs as ours', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const token = await new SignJWT(goodClaims()).setProtectedHeader({ ...header, alg: 'PS256' }).sign(privateKey);
    await expect(createSubject().verify(token)).rejects.toEqual(unauthenticated);
  });
});
