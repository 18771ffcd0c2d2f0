import { describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import type { SigningKeyRepository, StoredSigningKey } from '../../data/signing-key-repository.js';
import { createSigningKeys } from './signing-keys.js';

const encryptionKey = new Uint8Array(32).fill(3);

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
  };
  return { rows, repository, lists: () => lists };
}

/** What a token brings when a key is looked up for it. */
const asked = (kid: string | undefined) =>
  [
    { alg: 'EdDSA', ...(kid === undefined ? {} : { kid }) },
    { payload: '', signature: '' },
  ] as const;

describe('the signing keys', () => {
  it('cannot be read with another encryption key, from a tampered row, or with a key of another length', async () => {
    const { rows, repository } = createTable();
    await createSigningKeys({ repository, encryptionKey });
    await expect(createSigningKeys({ repository, encryptionKey: new Uint8Array(32).fill(4) })).rejects.toThrow('another secret');
    const [row] = rows;
    if (row === undefined) throw new Error('no key was written');
    const tampered = {
      ...repository,
      list: () => Promise.resolve([{ ...row, encryptedPrivateJwk: `${row.encryptedPrivateJwk.slice(0, -4)}AAAA` }]),
    };
    await expect(createSigningKeys({ repository: tampered, encryptionKey })).rejects.toThrow('another secret');
    await expect(createSigningKeys({ repository: createTable().repository, encryptionKey: new Uint8Array(16) })).rejects.toThrow();
  });

  it('are encrypted at rest by AES-256-GCM and public in nothing but their public parts', async () => {
    const { rows, repository } = createTable();
    const keys = await createSigningKeys({ repository, encryptionKey });
    expect(decodeProtectedHeader(rows[0]?.encryptedPrivateJwk ?? '')).toMatchObject({ alg: 'dir', enc: 'A256GCM' });
    expect(JSON.stringify([rows, keys.jwks()])).not.toContain('"d"');
  });

  it('publish nothing private even if a row does', async () => {
    const { rows, repository } = createTable();
    await createSigningKeys({ repository, encryptionKey });
    const leaking = {
      ...repository,
      list: () => Promise.resolve(rows.map((row) => ({ ...row, publicJwk: { ...row.publicJwk, d: 'secret' } }))),
    };
    expect(JSON.stringify((await createSigningKeys({ repository: leaking, encryptionKey })).jwks())).not.toContain('secret');
  });

  it('are one for twenty processes that start at once, and the same after a restart', async () => {
    const { rows, repository } = createTable();
    const replicas = await Promise.all(Array.from({ length: 20 }, () => createSigningKeys({ repository, encryptionKey })));
    const again = await createSigningKeys({ repository, encryptionKey });
    expect(new Set([...replicas, again].map((keys) => keys.active().kid)).size).toBe(1);
    expect(rows).toHaveLength(1);
  });

  it('are looked for again when a token names an unknown one, at most once a second', async () => {
    let now = 0;
    const { rows, repository, lists } = createTable();
    const keys = await createSigningKeys({ repository, encryptionKey, now: () => now });
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
    await createSigningKeys({ repository: other.repository, encryptionKey });
    rows.push(...other.rows.map((row) => ({ ...row, sequence: 2 })));
    const kid = other.rows[0]?.kid ?? '';
    await refused(kid);
    now = 2000;
    await expect(keys.keys(...asked(kid))).resolves.toBeDefined();
    expect(keys.active().kid).toBe(kid);
    expect(keys.jwks().keys).toHaveLength(2);
  });
});
