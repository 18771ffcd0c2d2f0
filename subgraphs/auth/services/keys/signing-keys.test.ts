import { describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader, jwtVerify, SignJWT, type JWTVerifyGetKey } from 'jose';
import { createRevocations } from '../../../../shared/auth/revocations.js';
import { createLogger } from '../../../../shared/logging/logger.js';
import type { SigningKeyRepository, StoredSigningKey } from '../../data/signing-key-repository.js';
import { createKeyRotation, publishedAheadMs, verifiesAfterMs } from './key-rotation.js';
import { createSigningKeys, type SigningKeys, type SigningKeysOptions } from './signing-keys.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const encryptionKey = new Uint8Array(32).fill(3);
const minute = 60_000;
const day = 24 * 60 * minute;
const rotationMs = 30 * day;
const tokenLifetimeMs = 10 * minute;

/** A table that several processes share; `list` counts. */
function createTable() {
  const rows: StoredSigningKey[] = [];
  let lists = 0;
  const repository: SigningKeyRepository = {
    list() {
      lists += 1;
      return Promise.resolve([...rows].sort((a, b) => a.sequence - b.sequence));
    },
    addUnlessPresent(key) {
      if (!rows.some(({ sequence }) => sequence === key.sequence)) rows.push(key);
      return Promise.resolve();
    },
    revoke({ kid, at, successor }) {
      const index = rows.findIndex((row) => row.kid === kid && row.revokedAt === null);
      const row = rows[index];
      if (row === undefined) return Promise.resolve('unknown');
      if (rows.some(({ sequence }) => sequence === successor?.sequence)) return Promise.resolve('late');
      rows[index] = { ...row, revokedAt: at, encryptedPrivateJwk: '' };
      if (successor !== null) rows.push(successor);
      return Promise.resolve('revoked');
    },
    remove(kids) {
      for (const kid of kids) {
        const index = rows.findIndex((row) => row.kid === kid);
        if (index >= 0) rows.splice(index, 1);
      }
      return Promise.resolve();
    },
  };
  return { rows, repository, lists: () => lists };
}

/** Keys that are closed at once: tests turn the clock and the handle themselves. */
async function open(options: Pick<SigningKeysOptions, 'repository'> & Partial<SigningKeysOptions>): Promise<SigningKeys> {
  const revocations = createRevocations(options.now);
  const keys = await createSigningKeys({ encryptionKey, rotationMs, logger, revocations, ...options });
  await keys.close();
  return keys;
}

/** What a token brings when a key is looked up for it. */
const asked = (kid: string | undefined) =>
  [
    { alg: 'EdDSA', ...(kid === undefined ? {} : { kid }) },
    { payload: '', signature: '' },
  ] as const;

async function sign(keys: SigningKeys, now: number): Promise<string> {
  const { kid, privateKey } = keys.active();
  return new SignJWT({})
    .setProtectedHeader({ alg: 'EdDSA', kid })
    .setIssuedAt(now / 1000)
    .setExpirationTime((now + tokenLifetimeMs) / 1000)
    .sign(privateKey);
}

const verify = (token: string, keys: JWTVerifyGetKey, now: number) => jwtVerify(token, keys, { currentDate: new Date(now) });

describe('the signing keys', () => {
  it('SECURITY 20: cannot be read with another encryption key, from a tampered row, or with a key of another length', async () => {
    const { rows, repository } = createTable();
    await open({ repository });
    await expect(open({ repository, encryptionKey: new Uint8Array(32).fill(4) })).rejects.toThrow('another secret');
    const [row] = rows;
    if (row === undefined) throw new Error('no key was written');
    const tampered = {
      ...repository,
      list: () => Promise.resolve([{ ...row, encryptedPrivateJwk: `${row.encryptedPrivateJwk.slice(0, -4)}AAAA` }]),
    };
    await expect(open({ repository: tampered })).rejects.toThrow('another secret');
    await expect(open({ repository: createTable().repository, encryptionKey: new Uint8Array(16) })).rejects.toThrow();
  });

  it('SECURITY 20: are encrypted at rest by AES-256-GCM and public in nothing but their public parts', async () => {
    const { rows, repository } = createTable();
    const keys = await open({ repository });
    expect(decodeProtectedHeader(rows[0]?.encryptedPrivateJwk ?? '')).toMatchObject({ alg: 'dir', enc: 'A256GCM' });
    expect(JSON.stringify([rows, keys.jwks()])).not.toContain('"d"');
  });

  it('SECURITY 20: publish nothing private even if a row does', async () => {
    const { rows, repository } = createTable();
    await open({ repository });
    const leaking = {
      ...repository,
      list: () => Promise.resolve(rows.map((row) => ({ ...row, publicJwk: { ...row.publicJwk, d: 'secret' } }))),
    };
    expect(JSON.stringify((await open({ repository: leaking })).jwks())).not.toContain('secret');
  });

  it('are one for twenty processes that start at once, and the same after a restart', async () => {
    const { rows, repository } = createTable();
    const replicas = await Promise.all(Array.from({ length: 20 }, () => open({ repository })));
    const again = await open({ repository });
    expect(new Set([...replicas, again].map((keys) => keys.active().kid)).size).toBe(1);
    expect(rows).toHaveLength(1);
  });

  it('SECURITY 18: are looked for again when a token names an unknown one, at most once a second', async () => {
    let now = 0;
    const { rows, repository, lists } = createTable();
    const keys = await open({ repository, now: () => now });
    const before = lists();
    const refused = async (kid: string | undefined) =>
      expect(keys.keys(...asked(kid))).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
    await refused('unknown');
    expect(lists()).toBe(before);
    now = 1000;
    await Promise.all(Array.from({ length: 10 }, () => refused('unknown')));
    await refused(undefined);
    expect(lists()).toBe(before + 1);

    const other = createTable();
    await open({ repository: other.repository, now: () => now });
    rows.push(...other.rows.map((row) => ({ ...row, sequence: 2 })));
    const kid = other.rows[0]?.kid ?? '';
    await refused(kid);
    now = 2000;
    await expect(keys.keys(...asked(kid))).resolves.toBeDefined();
    expect(keys.active().kid).toBe(kid);
    expect(keys.jwks().keys).toHaveLength(2);
  });
});

describe('the rotation of signing keys', () => {
  it('SECURITY 20: publishes a key for an hour before it signs, and the old one until its last token has expired', async () => {
    let now = 0;
    const { rows, repository } = createTable();
    const keys = await open({ repository, now: () => now });
    const first = keys.active().kid;
    const kids = () => keys.jwks().keys.map(({ kid }) => kid);

    now = rotationMs - publishedAheadMs - 1;
    await keys.rotate();
    expect(kids()).toEqual([first]);
    now += 1;
    await keys.rotate();
    expect(kids()).toHaveLength(2);
    const second = kids()[1];

    now = rotationMs - 1;
    expect(keys.active().kid).toBe(first);
    now += 1;
    expect(keys.active().kid).toBe(second);

    now = rotationMs + verifiesAfterMs - 1;
    expect(kids()).toEqual([first, second]);
    now += 1;
    expect(kids()).toEqual([second]);
    await expect(keys.keys(...asked(first))).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
    await keys.rotate();
    expect(rows.map(({ kid }) => kid)).toEqual([second]);
  });

  it('SECURITY 20: keeps every token good for its whole life, on every replica, over a dozen rotations', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    const { rows, repository } = createTable();
    const replicas = await Promise.all(Array.from({ length: 3 }, () => open({ repository, rotationMs: 5 * 60 * minute, now: () => now })));
    // A verifier that fetched the set as long ago as caches may keep it.
    const seen: { at: number; kids: Set<string | undefined> }[] = [];
    const signers = new Set<string>();
    let inFlight: { kid: string; expiresAt: number }[] = [];
    for (const end = now + 62 * 60 * minute; now < end; now += 5 * minute) {
      // The replicas look at different times; only every tenth step, so that they lag behind each other.
      if ((now / (5 * minute)) % 10 < replicas.length) await replicas[(now / (5 * minute)) % 10]?.rotate();
      const kids = new Set(replicas.flatMap((keys) => keys.jwks().keys.map(({ kid }) => kid)));
      seen.push({
        at: now,
        kids: new Set([...kids].filter((kid) => replicas.every((keys) => keys.jwks().keys.some((key) => key.kid === kid)))),
      });
      if (seen.length > 4) seen.shift();
      for (const keys of replicas) {
        const { kid } = keys.active();
        signers.add(kid);
        // Whoever asked any replica a quarter of an hour ago has the key that signs now.
        if (seen.length === 4) expect(seen[0]?.kids.has(kid)).toBe(true);
        inFlight.push({ kid, expiresAt: now + tokenLifetimeMs });
      }
      inFlight = inFlight.filter(({ expiresAt }) => expiresAt > now);
      for (const { kid } of inFlight) for (const keys of replicas) await keys.keys(...asked(kid));
    }
    expect(signers.size).toBe(13);
    expect(rows.length).toBeLessThanOrEqual(2);
  });

  it('SECURITY 20: leaves a token in flight good over the change of keys, and no longer than it lives', async () => {
    let now = 0;
    const { repository } = createTable();
    const keys = await open({ repository, now: () => now });
    const first = keys.active().kid;
    now = rotationMs - publishedAheadMs;
    await keys.rotate();
    now = rotationMs - 1000;
    const token = await sign(keys, now);
    expect(decodeProtectedHeader(token).kid).toBe(first);
    now = rotationMs - 1000 + tokenLifetimeMs - 1;
    expect(keys.active().kid).not.toBe(first);
    await expect(verify(token, keys.keys, now)).resolves.toBeDefined();
    now += 1001;
    await expect(verify(token, keys.keys, now)).rejects.toMatchObject({ code: 'ERR_JWT_EXPIRED' });
  });

  it('SECURITY 20: makes one key, however many replicas find at once that it is time', async () => {
    let now = 0;
    const { rows, repository } = createTable();
    const replicas = await Promise.all(Array.from({ length: 10 }, () => open({ repository, now: () => now })));
    now = rotationMs;
    await Promise.all(replicas.map((keys) => keys.rotate()));
    expect(rows.map(({ sequence }) => sequence)).toEqual([1, 2]);
    now += publishedAheadMs;
    expect(new Set(replicas.map((keys) => keys.active().kid))).toEqual(new Set([rows[1]?.kid]));
  });

  it('goes on with the keys it has while the database is away', async () => {
    let now = 0;
    const { repository } = createTable();
    let isAway = false;
    const keys = await open({
      repository: { ...repository, list: () => (isAway ? Promise.reject(new Error('away')) : repository.list()) },
      now: () => now,
    });
    const { kid } = keys.active();
    isAway = true;
    now = 2 * rotationMs;
    await expect(keys.rotate()).rejects.toThrow('away');
    expect(keys.active().kid).toBe(kid);
  });

  it('can be asked for at any time, once until the new key signs', async () => {
    let now = 0;
    const { rows, repository } = createTable();
    const rotation = createKeyRotation({ repository, encryptionKey, rotationMs, now: () => now });
    const keys = await open({ repository, now: () => now });
    const next = await rotation.rotate();
    expect(next?.activatesAt.getTime()).toBe(publishedAheadMs);
    await expect(rotation.rotate()).resolves.toBeNull();
    await keys.rotate();
    now = publishedAheadMs;
    expect(keys.active().kid).toBe(next?.kid);
    expect(rows).toHaveLength(2);
  });

  it('takes the first key while a clock runs behind the one that made it', async () => {
    const { repository } = createTable();
    const ahead = await open({ repository, now: () => 5000 });
    const behind = await open({ repository, now: () => 0 });
    expect(behind.active().kid).toBe(ahead.active().kid);
  });
});
