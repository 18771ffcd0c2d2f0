import { afterEach, describe, expect, it } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { createHttpServer } from '../http/server.js';
import { createLogger } from '../logging/logger.js';
import { createKeyFeed, type KeyFeed } from './key-feed.js';
import { createRevocations } from './revocations.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const gatewaySecret = 'only-for-tests-only-for-tests-only-for-tests';
const { publicKey } = await generateKeyPair('EdDSA');
const jwk: JWK = { ...(await exportJWK(publicKey)), alg: 'EdDSA', use: 'sig' };
const minute = 60_000;

let app: FastifyInstance | undefined;
let feed: KeyFeed | undefined;
afterEach(async () => {
  await feed?.close();
  await app?.close();
});

/** An auth subgraph that answers what `answer` says at that moment, and what followed it says. */
async function start(answer: () => unknown, intervalMs = 3_600_000) {
  let asked = 0;
  const secrets = new Set<unknown>();
  app = createHttpServer({ logger });
  app.get('/jwks', (request) => {
    asked += 1;
    secrets.add(request.headers['x-gateway-secret']);
    const content = answer();
    if (content instanceof Error) throw content;
    return content;
  });
  const origin = await app.listen({ host: '127.0.0.1', port: 0 });
  let now = 1_000_000_000;
  const revocations = createRevocations(() => now);
  const subject = createKeyFeed({ url: `${origin}/jwks`, gatewaySecret, revocations, logger, now: () => now, intervalMs });
  feed = subject;
  return {
    revocations,
    secrets,
    published: () => subject.published(),
    asked: () => asked,
    find: async (kid: string) => subject.keys({ alg: 'EdDSA', kid }, { payload: '', signature: '' }),
    advance: (ms: number) => (now += ms),
  };
}

const setOf = (...kids: string[]) => ({ keys: kids.map((kid) => ({ ...jwk, kid })) });
const noMatch = { code: 'ERR_JWKS_NO_MATCHING_KEY' };

describe('The feed of signing keys', () => {
  it.each([
    ['fails', new Error('database is away')],
    ['answers something else', { keys: 7 }],
    ['answers nothing', null],
  ])('has none when auth %s, and asks again', async (_name, bad) => {
    let content: unknown = bad;
    const { find, published } = await start(() => content);
    await expect(find('one')).rejects.not.toMatchObject(noMatch);
    await expect(published()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    content = setOf('one');
    await expect(published()).resolves.toMatchObject({ revoked: [] });
    await expect(find('one')).resolves.toBeDefined();
  });

  it('asks nothing before it is used, and shows the secret', async () => {
    const { asked, find, secrets } = await start(() => setOf('one'));
    expect(asked()).toBe(0);
    await find('one');
    expect(secrets).toEqual(new Set([gatewaySecret]));
  });

  it('SECURITY 18: asks for an unknown key at most once a second', async () => {
    let content = setOf('one');
    const { asked, find, advance } = await start(() => content);
    await find('one');
    const before = asked();
    content = setOf('one', 'two');
    advance(999);
    await expect(find('two')).rejects.toMatchObject(noMatch);
    expect(asked()).toBe(before);
    advance(1);
    await Promise.all(Array.from({ length: 10 }, () => find('two')));
    expect(asked()).toBe(before + 1);
  });

  it('keeps the last keys for ten minutes while auth is away', async () => {
    let content: unknown = setOf('one');
    const { find, advance } = await start(() => content);
    await find('one');
    content = new Error('away');
    advance(10 * minute - 1);
    await expect(find('one')).resolves.toBeDefined();
    advance(1);
    await expect(find('one')).rejects.not.toMatchObject(noMatch);
  });

  it('SECURITY 20: tells of keys that are revoked, by itself, and takes none that is missing for one', async () => {
    let content: object = setOf('one', 'two', 'three');
    const { find, revocations } = await start(() => content, 1);
    await find('one');
    const revoked = new Promise((resolve) => revocations.onKeyRevoked(resolve));
    content = { ...setOf('one'), revoked: ['two'] };
    await expect(revoked).resolves.toBe('two');
    expect(revocations.isKeyRevoked('three')).toBe(false);
    await expect(find('two')).rejects.toMatchObject(noMatch);
  });
});
