import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { availableWays, startGalaxia, type Galaxia } from '../testkit/product/galaxia.js';
import { post } from '../testkit/product/graphql-client.js';
import { freshUsername, registerPerson } from '../testkit/product/person.js';

const page = 'https://play.galaxia.example';
const ways = await availableWays();

describe.each(ways)('at the door of Galaxia, %s', (way) => {
  let galaxia: Galaxia;
  beforeAll(async () => {
    // The limits as they are by default.
    galaxia = await startGalaxia(way, { environment: { CORS_ORIGINS: page, RATE_LIMIT_SCALE: '1' } });
  }, 120_000);
  afterAll(() => galaxia.stop());

  async function session(path: string, { cookie, body, origin }: { cookie?: string; body?: object; origin?: string } = {}) {
    const response = await fetch(`${galaxia.url}/session/${path}`, {
      method: 'POST',
      headers: {
        'x-galaxia-csrf': '1',
        ...(cookie === undefined ? {} : { cookie }),
        ...(origin === undefined ? {} : { origin }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      cookie: response.headers.get('set-cookie')?.split(';')[0] ?? '',
      accessToken: text === '' ? '' : String((JSON.parse(text) as { accessToken?: string }).accessToken),
    };
  }
  const me = (token: string) => post(galaxia.url, { query: '{ me { id } }', token });

  it('SECURITY 28: a page signs in, keeps its refresh token in a cookie, comes back and signs out', async () => {
    const person = await registerPerson(galaxia);
    const parked = await session('cookie', { body: { refreshToken: person.refreshToken }, origin: page });
    expect(parked.headers.get('access-control-allow-origin')).toBe(page);
    expect(parked.headers.get('access-control-allow-credentials')).toBe('true');
    expect(parked.headers.get('set-cookie')).toMatch(
      /^__Host-galaxia-refresh=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=\d+$/,
    );
    expect((await me(parked.accessToken)).data.me?.id).toBe(person.id);

    const back = await session('refresh', { cookie: parked.cookie, origin: page });
    expect(back.status).toBe(200);
    expect((await me(back.accessToken)).data.me?.id).toBe(person.id);
    const stolen = await post(galaxia.url, {
      query: 'mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { __typename } }',
      variables: { token: person.refreshToken },
    });
    expect(stolen.data.refreshSession?.__typename).toBe('InvalidRefreshTokenError');

    expect((await session('logout', { cookie: back.cookie, origin: page })).status).toBe(204);
    expect((await session('refresh', { cookie: back.cookie, origin: page })).status).toBe(401);
  });

  it('SECURITY 28: a foreign page gets nothing, not even after a preflight', async () => {
    const person = await registerPerson(galaxia);
    const { cookie } = await session('cookie', { body: { refreshToken: person.refreshToken } });
    expect((await session('refresh', { cookie, origin: 'https://evil.example' })).status).toBe(403);
    const preflight = await fetch(`${galaxia.url}/session/refresh`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-galaxia-csrf',
      },
    });
    expect(preflight.headers.get('access-control-allow-origin')).not.toBe('https://evil.example');
    expect((await session('refresh', { cookie })).status).toBe(200);
  });

  it('SECURITY 11: who guesses at a password is slowed down, told for how long, and the same whether there is an account or not', async () => {
    const person = await registerPerson(galaxia);
    const login = (identifier: string) =>
      post(galaxia.url, {
        query: `mutation ($input: LoginInput!) { login(input: $input) { __typename } }`,
        variables: { input: { identifier, password: 'wrong password', device: 'Guesser' } },
        // No word of a client on where it is counts.
        headers: { 'x-forwarded-for': `203.0.113.${String(Math.floor(Math.random() * 250))}`, 'x-client-ip': '203.0.113.1' },
      });
    const refusals = [];
    for (const identifier of [person.username, freshUsername()]) {
      // Many at once: none is slow enough to come after the wait.
      const answers = await Promise.all(Array.from({ length: 30 }, () => login(identifier)));
      const taken = answers.filter(({ errors }) => errors.length === 0).length;
      // One or two more, where the last one comes a second after the first.
      expect(taken).toBeGreaterThanOrEqual(10);
      expect(taken).toBeLessThanOrEqual(12);
      refusals.push(answers.find(({ errors }) => errors.length > 0)?.errors[0]);
    }
    const [known, unknown] = refusals;
    expect(known).toMatchObject({ extensions: { code: 'RATE_LIMITED', retryAfter: expect.any(Number) } });
    expect({ ...known, extensions: { code: known?.extensions.code } }).toEqual({
      ...unknown,
      extensions: { code: unknown?.extensions.code },
    });
  });
});

describe('a limit that means nothing', () => {
  it('SECURITY 11: stops the start with a sentence', async () => {
    await expect(startGalaxia('all-in-one', { environment: { RATE_LIMIT_SCALE: '0' } })).rejects.toThrow(
      'RATE_LIMIT_SCALE: must be a number above 0',
    );
  });
});
