import { afterEach, describe, expect, it } from '@jest/globals';
import { startFakeGalaxia, type FakeGalaxia } from './fake-galaxia.js';
import { type KeptTokens, resume, SignedOut, signIn, SignInRefused } from './session.js';

const user = { id: 'user-1', username: 'zoe' };
const start = Date.parse('2026-01-01T00:00:00Z');
const tokens = (number: number): KeptTokens & { __typename: 'AuthPayload' } => ({
  __typename: 'AuthPayload',
  accessToken: `access-${number}`,
  refreshToken: `refresh-${number}`,
  expiresAt: new Date(start + number * 600_000).toISOString(),
  user,
});

describe('A session', () => {
  let server: FakeGalaxia | null = null;
  afterEach(async () => server?.close());

  it('is refused with the words of the server', async () => {
    server = await startFakeGalaxia(() => ({ login: { __typename: 'InvalidCredentialsError', message: 'Wrong name or password.' } }));
    const attempt = signIn({ url: server.url, username: 'zoe', password: 'wrong' });
    await expect(attempt).rejects.toThrow(SignInRefused);
    await expect(attempt).rejects.toThrow('Wrong name or password.');
  });

  it('asks for the code of an account with a second factor, and is refused by a program that cannot ask', async () => {
    server = await startFakeGalaxia((query, variables) =>
      query.includes('verifyMfa')
        ? {
            verifyMfa:
              (variables.input as { code: string }).code === '123456'
                ? tokens(1)
                : { __typename: 'InvalidCodeError', message: 'Wrong code.' },
          }
        : { login: { __typename: 'MfaRequired', mfaToken: 'mfa-1' } },
    );
    const who = { url: server.url, username: 'zoe', password: 'right' };
    await expect(signIn(who)).rejects.toThrow(SignInRefused);
    await expect(signIn({ ...who, askCode: () => Promise.resolve('000000') })).rejects.toThrow('Wrong code.');
    expect((await signIn({ ...who, askCode: () => Promise.resolve('123456') })).user).toEqual(user);
  });

  it('has ended when the refresh token is refused, and says so to whoever keeps the tokens', async () => {
    server = await startFakeGalaxia(() => ({ refreshSession: { __typename: 'InvalidRefreshTokenError', message: 'Sign in again.' } }));
    const kept: unknown[] = [];
    const session = resume({ url: server.url, tokens: tokens(1), onTokens: (next) => kept.push(next), now: () => start + 600_000 });
    await expect(session.accessToken()).rejects.toThrow(SignedOut);
    expect(kept).toEqual([null]);
    await expect(session.accessToken()).rejects.toThrow(SignedOut);
  });

  it.each([
    [569_000, 'access-1', 0],
    [571_000, 'access-2', 1],
  ])('after %i ms of a token that lasts 600,000 answers %s', async (elapsed, expected, refreshes) => {
    let count = 0;
    server = await startFakeGalaxia(() => ({ refreshSession: tokens(++count + 1) }));
    const session = resume({ url: server.url, tokens: tokens(1), now: () => start + elapsed });
    expect(await session.accessToken()).toBe(expected);
    expect(count).toBe(refreshes);
  });

  it('refreshes once for many who ask at the same time, with each refresh token used once', async () => {
    const used: unknown[] = [];
    server = await startFakeGalaxia((_query, variables) => {
      used.push(variables.refreshToken);
      return { refreshSession: tokens(used.length + 1) };
    });
    const session = resume({ url: server.url, tokens: tokens(1), now: () => start + 590_000 });
    await Promise.all(Array.from({ length: 20 }, () => session.accessToken()));
    await session.refresh();
    expect(used).toEqual(['refresh-1', 'refresh-2']);
  });
});
