import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { createHttpServer } from '../../../shared/http/server.js';
import { testDatabases } from '../../../tests/testkit/services/databases.js';
import { createAuthClient, type Payload } from '../tests/auth-client.js';
import { logger } from '../tests/auth-harness.js';
import { useAuth } from '../tests/use-auth.js';

const second = 1_000;
const day = 86_400 * second;
const databases = await testDatabases();
const csrf = { 'x-galaxia-csrf': '1' };

describe.each(databases)('SECURITY 28: browser sessions on $name', ({ open }) => {
  const auth = useAuth(open, createAuthClient);
  let app: FastifyInstance;
  let url: string;
  let people = 0;
  beforeAll(async () => {
    app = createHttpServer({ logger });
    await app.register(async (scope) => auth.harness.auth.routes?.(scope));
    url = await app.listen({ host: '127.0.0.1', port: 0 });
  });
  afterAll(async () => {
    await app.close();
  });

  const newPerson = () =>
    auth.client.mustRegister({ username: `browser_${String((people += 1))}`, email: `browser${String(people)}@example.org` });
  const me = (token: string) => auth.harness.run('{ me { id } }', { token });

  async function post(path: string, { cookie, body, headers = csrf }: { cookie?: string; body?: unknown; headers?: object } = {}) {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: {
        ...headers,
        ...(cookie === undefined ? {} : { cookie }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    const setCookie = response.headers.get('set-cookie');
    return {
      status: response.status,
      cacheControl: response.headers.get('cache-control'),
      setCookie,
      /** As a browser sends it back. */
      cookie: setCookie?.split(';')[0] ?? '',
      body: text === '' ? null : (JSON.parse(text) as Record<string, unknown>),
    };
  }
  const park = (refreshToken: string) => post('/session/cookie', { body: { refreshToken } });
  const refresh = (cookie: string) => post('/session/refresh', { cookie });
  const parkedPerson = async (): Promise<Payload & { cookie: string }> => {
    const person = await newPerson();
    return { ...person, cookie: (await park(person.refreshToken)).cookie };
  };

  it.each(['/session/cookie', '/session/refresh', '/session/logout'])('%s refuses what no script of an allowed page sent', async (path) => {
    const person = await newPerson();
    for (const headers of [{}, { 'x-galaxia-csrf': '' }, { 'x-galaxia-csrf': 'true' }, { 'x-csrf': '1' }]) {
      await expect(post(path, { headers, body: { refreshToken: person.refreshToken } })).resolves.toMatchObject({
        status: 403,
        setCookie: null,
      });
    }
    await auth.client.mustRefresh(person.refreshToken);
  });

  it.each(['/session/cookie', '/session/refresh', '/session/logout'])('%s does not answer GET', async (path) => {
    const { status } = await fetch(`${url}${path}`, { headers: csrf });
    expect(status).toBe(404);
  });

  it.each([['text/plain'], ['application/x-www-form-urlencoded'], ['multipart/form-data; boundary=x']])(
    'takes no %s, which a form can send',
    async (type) => {
      const person = await newPerson();
      const { status } = await fetch(`${url}/session/cookie`, {
        method: 'POST',
        headers: { ...csrf, 'content-type': type },
        body: JSON.stringify({ refreshToken: person.refreshToken }),
      });
      expect(status).toBe(415);
    },
  );

  it.each([
    ['no body', undefined],
    ['no token', {}],
    ['a token that is none', { refreshToken: 1 }],
    ['a list', [1]],
  ])('refuses %s', async (_name, body) => {
    await expect(post('/session/cookie', { body })).resolves.toMatchObject({ status: 400, setCookie: null });
  });

  it('refuses tokens and cookies that are not good, and takes the cookie away', async () => {
    for (const answer of [
      await park('A'.repeat(43)),
      await park(''),
      await post('/session/refresh'),
      await refresh('__Host-galaxia-refresh='),
      await refresh(`__Host-galaxia-refresh=${'A'.repeat(43)}`),
    ]) {
      expect(answer).toMatchObject({ status: 401, body: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] } });
      expect(answer.setCookie).toBe('__Host-galaxia-refresh=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0');
    }
  });

  it('put the successor of the token into a cookie that no script, no other host and no other site can use', async () => {
    const person = await newPerson();
    const { status, setCookie, body, cacheControl } = await park(person.refreshToken);
    expect(status).toBe(200);
    expect(cacheControl).toBe('no-store');
    expect(setCookie).toMatch(/^__Host-galaxia-refresh=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=2592000$/);
    expect(setCookie).not.toContain(person.refreshToken);
    expect(Object.keys(body ?? {}).sort()).toEqual(['accessToken', 'expiresAt']);
    await expect(me(String(body?.accessToken))).resolves.toMatchObject({ data: { me: { id: person.user.id } } });
  });

  it('leave a token that a script has seen good for nothing, within the grace as well, and that of a cookie good in a cookie alone', async () => {
    const person = await parkedPerson();
    await expect(auth.client.refresh(person.refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    const [, inCookie = ''] = person.cookie.split('=');
    await expect(auth.client.refresh(inCookie)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    await expect(refresh(person.cookie)).resolves.toMatchObject({ status: 200 });
    // And one that was never parked is no cookie.
    const other = await newPerson();
    await expect(refresh(`__Host-galaxia-refresh=${other.refreshToken}`)).resolves.toMatchObject({ status: 401 });
    await auth.client.mustRefresh(other.refreshToken);
  });

  it('are bound whoever is first: a script that exchanged the token a moment before has nothing of it', async () => {
    const person = await newPerson();
    const seen = await auth.client.mustRefresh(person.refreshToken);
    await expect(park(person.refreshToken)).resolves.toMatchObject({ status: 200 });
    await expect(auth.client.refresh(seen.refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
  });

  it('set the same cookie again for a page that asks twice, as after a lost answer', async () => {
    const person = await newPerson();
    const answers = await Promise.all([park(person.refreshToken), park(person.refreshToken), park(person.refreshToken)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(answers.map(({ cookie }) => cookie)).size).toBe(1);
  });

  it('SECURITY 24: give fifty tabs one new cookie, and log nobody out', async () => {
    const person = await parkedPerson();
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(person.cookie)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ cookie }) => cookie)).size).toBe(1);
    expect(answers[0]?.cookie).not.toBe(person.cookie);
    await expect(refresh(answers[0]?.cookie ?? '')).resolves.toMatchObject({ status: 200 });
  });

  it('SECURITY 23: end when an old cookie comes back after the grace, or the token that was parked', async () => {
    const copied = await parkedPerson();
    const next = await refresh(copied.cookie);
    auth.harness.advance(31 * second);
    await expect(refresh(copied.cookie)).resolves.toMatchObject({ status: 401 });
    await expect(refresh(next.cookie)).resolves.toMatchObject({ status: 401 });

    const seen = await parkedPerson();
    auth.harness.advance(31 * second);
    await expect(auth.client.refresh(seen.refreshToken)).resolves.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    await expect(refresh(seen.cookie)).resolves.toMatchObject({ status: 401 });
  });

  it('live as long in the browser as on the server: no longer than the session may rest, and than it may live', async () => {
    const person = await parkedPerson();
    auth.harness.advance(30 * day - 1);
    let { cookie } = await refresh(person.cookie);
    auth.harness.advance(30 * day - 1);
    const last = await refresh(cookie);
    ({ cookie } = last);
    expect(last.setCookie).toContain('Max-Age=2592000');
    auth.harness.advance(20 * day);
    const end = await refresh(cookie);
    expect(end.setCookie).toMatch(/Max-Age=86400\d$/);
    auth.harness.advance(10 * day + 2);
    await expect(refresh(end.cookie)).resolves.toMatchObject({ status: 401 });
  });

  it('end with a logout, which takes the cookie away and is harmless without one', async () => {
    const person = await parkedPerson();
    const refreshed = await refresh(person.cookie);
    const answer = await post('/session/logout', { cookie: `theme=dark; ${refreshed.cookie}; a=b` });
    expect(answer).toMatchObject({
      status: 204,
      body: null,
      setCookie: '__Host-galaxia-refresh=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0',
    });
    await expect(refresh(refreshed.cookie)).resolves.toMatchObject({ status: 401 });
    await expect(me(String(refreshed.body?.accessToken))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    for (const cookie of [undefined, '__Host-galaxia-refresh=', refreshed.cookie]) {
      await expect(post('/session/logout', cookie === undefined ? {} : { cookie })).resolves.toMatchObject({ status: 204 });
    }
  });
});
