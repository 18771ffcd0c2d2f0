import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { compactDecrypt, decodeProtectedHeader, importJWK, SignJWT, type JWK } from 'jose';
import { createAccessTokenVerifier } from '../../../../shared/auth/access-token.js';
import { createKeyFeed, type KeyFeed } from '../../../../shared/auth/key-feed.js';
import { createRevocations } from '../../../../shared/auth/revocations.js';
import { jwksPath } from '../../../../shared/graphql/paths.js';
import { serveSubgraph, type SubgraphServer } from '../../../../shared/graphql/subgraph-server.js';
import { testDatabases, type OpenedDatabase } from '../../../../tests/testkit/services/databases.js';
import { runKeyCommand } from '../../commands/key-rotation-command.js';
import { createSigningKeyRepository } from '../../data/signing-key-repository.js';
import { ask, operations } from '../../tests/ask.js';
import { createAuthClient } from '../../tests/auth-client.js';
import { encryptionKey, logger, startAuth, type AuthHarness } from '../../tests/auth-harness.js';
import { deriveKey } from './derive-key.js';
import { createKeyRotation, isInOrder, publishedAheadMs, signingAt, verifiesAfterMs } from './key-rotation.js';

const databases = await testDatabases();
const gatewaySecret = 'only-for-tests-only-for-tests-only-for-tests';

const kidOf = (token: string) => String(decodeProtectedHeader(token).kid);

describe.each(databases)('a signing key that others may know, on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let harness: AuthHarness;
  let client: ReturnType<typeof createAuthClient>;

  beforeEach(async () => {
    opened = await open();
    harness = await startAuth(opened.database);
    client = createAuthClient(harness);
  });
  afterEach(async () => {
    await harness.close();
    await opened.close();
  });

  const now = () => harness.now();
  const command = (...args: string[]) =>
    runKeyCommand(args, async () => ({ database: await opened.again(), encryptionKey, close: () => Promise.resolve() }), now);
  const kids = () => harness.auth.jwks().keys.map(({ kid }) => kid);

  /** What somebody makes who has stolen the key: good for anybody, with any role. */
  async function forge(kid: string, userId: string): Promise<string> {
    const { privateJwk } = await harness.prisma.signingKey.findUniqueOrThrow({ where: { kid } });
    const { plaintext } = await compactDecrypt(privateJwk, deriveKey(encryptionKey, 'signing keys'));
    const key = await importJWK(JSON.parse(new TextDecoder().decode(plaintext)) as JWK, 'EdDSA');
    const now = Math.floor(harness.now() / 1000);
    return new SignJWT({ sid: 'forged', auth_time: now, amr: ['pwd'], roles: ['ADMIN'], username: 'root' })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid })
      .setIssuer('urn:galaxia')
      .setAudience('galaxia')
      .setSubject(userId)
      .setJti('forged')
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + 600)
      .sign(key);
  }

  it('SECURITY 20: is refused with all that it signed, forged or not, and signs nothing more; sessions go on with their next refresh', async () => {
    const person = await client.mustRegister({ username: 'ada' });
    const leaked = kidOf(person.accessToken);
    const forged = await forge(leaked, person.user.id);
    await expect(ask(harness, operations.me, {}, { token: forged })).resolves.toMatchObject({ id: person.user.id });

    await expect(command('--revoke', leaked)).resolves.toMatchObject({ status: 0, output: expect.stringContaining('signs from now on') });
    for (const token of [person.accessToken, forged]) await harness.untilRefused(token);
    expect(kids()).not.toContain(leaked);
    expect(harness.auth.jwks()).toMatchObject({ revoked: [leaked] });

    const refreshed = await client.mustRefresh(person.refreshToken);
    expect(kids()).toEqual([kidOf(refreshed.accessToken)]);
    await expect(ask(harness, operations.me, {}, { token: refreshed.accessToken })).resolves.toMatchObject({ id: person.user.id });
    const { privateJwk } = await harness.prisma.signingKey.findUniqueOrThrow({ where: { kid: leaked } });
    expect(privateJwk).toBe('');

    // Nor by a process that starts only now.
    const later = await startAuth(await opened.again());
    await expect(ask(later, operations.me, {}, { token: forged })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(later.auth.jwks()).toEqual(harness.auth.jwks());
    await later.close();
    const told = await harness.prisma.auditEvent.findMany({ where: { action: 'SIGNING_KEY_REVOKED' }, select: { details: true } });
    expect(told).toEqual([{ details: { kid: leaked, successor: kidOf(refreshed.accessToken) } }]);
  });

  it('is refused in vain when there is none of its name, or a second time', async () => {
    const [kid] = kids();
    await expect(command('--revoke', 'nonsense')).resolves.toMatchObject({ status: 1 });
    await command('--revoke', String(kid));
    await expect(command('--revoke', String(kid))).resolves.toMatchObject({ status: 1, output: expect.stringContaining('already') });
    await expect(command('--list')).resolves.toMatchObject({ output: expect.stringMatching(/revoked .*\n.* signs since /) });
  });

  it('leaves the one that signs alone when it only waits to sign, or has signed before', async () => {
    const [first] = kids();
    await command();
    const waiting = (await createSigningKeyRepository(harness.prisma).list()).at(-1)?.kid;
    await expect(command('--revoke', String(waiting))).resolves.toMatchObject({ output: expect.stringContaining('did not sign') });
    await expect(command()).resolves.toMatchObject({ output: expect.stringContaining('signs from') });
    const last = (await createSigningKeyRepository(harness.prisma).list()).at(-1)?.kid;
    while (!kids().includes(last)) await new Promise((resolve) => setImmediate(resolve));
    harness.advance(publishedAheadMs);
    const { accessToken } = await client.mustRegister({ username: 'bob' });
    expect(kidOf(accessToken)).toBe(last);
    await expect(command('--revoke', String(first))).resolves.toMatchObject({ output: expect.stringContaining('did not sign') });
    await expect(ask(harness, operations.me, {}, { token: accessToken })).resolves.toHaveProperty('id');
    const stored = await createSigningKeyRepository(harness.prisma).list();
    expect(signingAt(stored.filter(isInOrder), harness.now())?.kid).toBe(kidOf(accessToken));
  });

  it('has one successor, however many revoke it at once, and is forgotten after a day; rotation goes on', async () => {
    const repository = createSigningKeyRepository(harness.prisma);
    const rotation = createKeyRotation({
      repository,
      encryptionKey: deriveKey(encryptionKey, 'signing keys'),
      rotationMs: Number.POSITIVE_INFINITY,
      now,
    });
    const [leaked] = kids();
    const answers = await Promise.all([...Array.from({ length: 8 }, () => rotation.revoke(String(leaked))), rotation.rotate()]);
    expect(answers.slice(0, 8).filter((answer) => answer !== null)).toHaveLength(1);
    const keys = await repository.list();
    expect(signingAt(keys.filter(isInOrder), harness.now())?.kid).not.toBe(leaked);
    harness.advance(24 * 60 * 60_000 - 1);
    expect((await rotation.run()).map(({ kid }) => kid)).toContain(leaked);
    harness.advance(1);
    await rotation.run();
    expect((await repository.list()).map(({ kid }) => kid)).not.toContain(leaked);
    expect(verifiesAfterMs).toBeLessThan(24 * 60 * 60_000);
  });

  describe('over HTTP, in another process', () => {
    let server: SubgraphServer;
    let feed: KeyFeed;
    beforeEach(async () => {
      server = await serveSubgraph({ subgraph: harness.auth, host: '127.0.0.1', port: 0, gatewaySecret, logger });
    });
    afterEach(async () => {
      await feed.close();
      await server.close();
    });

    it('SECURITY 20: is refused within seconds, though its tokens were verified there before, and its successor is known at once', async () => {
      const revocations = createRevocations(now);
      feed = createKeyFeed({ url: new URL(jwksPath, server.url).href, gatewaySecret, revocations, logger });
      const verifier = createAccessTokenVerifier({ keys: feed.keys, revocations, now });
      const person = await client.mustRegister({ username: 'ada' });
      const token = `Bearer ${person.accessToken}`;
      await expect(verifier.verify(token)).resolves.toMatchObject({ userId: person.user.id });
      const revoked = new Promise((resolve) => revocations.onKeyRevoked(resolve));

      const started = performance.now();
      await command('--revoke', kidOf(person.accessToken));
      await revoked;
      expect(performance.now() - started).toBeLessThan(5_000);
      await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      const refreshed = await client.mustRefresh(person.refreshToken);
      await expect(verifier.verify(`Bearer ${refreshed.accessToken}`)).resolves.toMatchObject({ userId: person.user.id });
      await expect(feed.published()).resolves.toEqual(harness.auth.jwks());
    });
  });
});
