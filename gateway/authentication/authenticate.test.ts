import { validateHeaderValue } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import type { AccessTokenVerifier } from '../../shared/auth/access-token.js';
import { unauthenticated } from '../../shared/errors/app-error.js';
import { createAuthenticate } from './authenticate.js';

/** Takes `Bearer <name>` for the one of this name. */
const byName: AccessTokenVerifier = {
  verify(authorization) {
    if (authorization === undefined) return Promise.resolve(null);
    const name = /^Bearer (.+)$/s.exec(authorization)?.[1];
    if (name === undefined) return Promise.reject(unauthenticated('No.'));
    const username = decodeURIComponent(name);
    return Promise.resolve({ userId: username, username, sessionId: 's', roles: [], authenticatedAt: 0, expiresAt: 1 });
  },
};
const request = { requestId: 'r', clientAddress: '127.0.0.1', userAgent: undefined, headers: {} };
const told = async (authorization: string | undefined, accessTokens: AccessTokenVerifier | null = byName) =>
  (await createAuthenticate(accessTokens)({ ...request, authorization })).subgraphHeaders;

describe('What subgraphs are told about the caller', () => {
  it.each(['Bearer', 'Basic x', 'bearer'])('is nothing for the header "%s", which is refused', async (authorization) => {
    await expect(told(authorization)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it.each(['Bearer ☃', 'Bearer a\nb', 'Bearer a\u0000'])('has no token that no header can carry (%j)', async (authorization) => {
    await expect(told(authorization, null)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it.each([undefined, '', ' ', '\t'])('has no token when the header is %j: the caller is anonymous', async (authorization) => {
    for (const accessTokens of [byName, null])
      expect(await told(authorization, accessTokens)).toEqual({ 'x-request-id': 'r', 'x-client-ip': '127.0.0.1' });
  });

  it.each([
    ['Łukasz', '%C5%81ukasz'],
    ['日本', '%E6%97%A5%E6%9C%AC'],
    ['a\nb', 'a%0Ab'],
    ['☃', '%E2%98%83'],
    ['é', '%C3%A9'],
    [' Ada  Lovelace ', '%20Ada  Lovelace%20'],
    ['%C5%81ukasz', '%25C5%2581ukasz'],
    ['auth0|5/x@y.z~', 'auth0|5/x@y.z~'],
  ])('has the id and the name %j as %j, which a header can carry and everyone can read', async (name, written) => {
    const headers = await told(`Bearer ${encodeURIComponent(name)}`);
    expect(headers).toMatchObject({ 'x-user-id': written, 'x-user-name': written });
    expect(() => validateHeaderValue('x-user-name', written)).not.toThrow();
    expect(decodeURIComponent(written)).toBe(name);
  });

  it('has no more of a name than 256 characters, not even half of the last one', async () => {
    expect((await told(`Bearer ${'x'.repeat(256)}`))['x-user-name']).toBe('x'.repeat(256));
    expect((await told(`Bearer ${'x'.repeat(257)}`))['x-user-name']).toBe('x'.repeat(256));
    expect((await told(`Bearer ${'x'.repeat(255)}${encodeURIComponent('😀')}`))['x-user-name']).toBe(`${'x'.repeat(255)}%EF%BF%BD`);
  });
});
