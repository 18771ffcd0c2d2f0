import {
  calculateJwkThumbprint,
  CompactEncrypt,
  compactDecrypt,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  importJWK,
  errors,
  type CryptoKey,
  type JSONWebKeySet,
  type JWK,
  type JWTVerifyGetKey,
} from 'jose';
import { accessTokenAlgorithm } from '../../../../shared/auth/access-token.js';
import type { SigningKeyRepository, StoredSigningKey } from '../../data/signing-key-repository.js';

/** How often an unknown `kid` may make us ask the database: forged ones cost at most that. */
const reloadCooldownMs = 1_000;

export interface ActiveSigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
}

export interface SigningKeys {
  /** The key that signs now: the newest. */
  active(): ActiveSigningKey;
  /** Public keys by `kid`. An unknown one makes it look whether another process has made a key meanwhile. */
  readonly keys: JWTVerifyGetKey;
  /** The public parts, for `/.well-known/jwks.json`. */
  jwks(): JSONWebKeySet;
}

export interface SigningKeysOptions {
  readonly repository: SigningKeyRepository;
  /** 32 bytes. */
  readonly encryptionKey: Uint8Array;
  readonly now?: () => number;
}

/**
 * The keys of access tokens: made on the first start and kept. Of several processes that start at once one wins, by the key's unique
 * sequence in the database. Throws when the kept keys were encrypted with another key.
 */
export async function createSigningKeys({ repository, encryptionKey, now = Date.now }: SigningKeysOptions): Promise<SigningKeys> {
  let stored = await repository.list();
  if (stored.length === 0) {
    await repository.addUnlessPresent(await makeKey({ sequence: 1, encryptionKey, now }));
    stored = await repository.list();
  }
  let set = publicSet(stored);
  let newest = stored.at(-1);
  if (newest === undefined) throw new Error('The signing key that was just written is not there.');
  let active = await toActive(newest, encryptionKey);
  let local = createLocalJWKSet(set);
  let reloading: Promise<void> | undefined;
  let reloadedAt = now();

  async function reload(): Promise<void> {
    const list = await repository.list();
    const last = list.at(-1);
    if (last !== undefined && last.kid !== newest?.kid) active = await toActive(last, encryptionKey);
    newest = last;
    set = publicSet(list);
    local = createLocalJWKSet(set);
    reloadedAt = now();
  }

  return {
    active: () => active,
    jwks: () => set,
    async keys(header, token) {
      // Without a `kid` jose would try the only key; every token of ours names its own.
      if (header.kid === undefined) throw new errors.JWKSNoMatchingKey();
      const isKnown = set.keys.some((key) => key.kid === header.kid);
      if (!isKnown && now() - reloadedAt >= reloadCooldownMs) {
        reloading ??= reload().finally(() => (reloading = undefined));
        await reloading;
      }
      return local(header, token);
    },
  };
}

async function makeKey(options: { sequence: number; encryptionKey: Uint8Array; now: () => number }): Promise<StoredSigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(accessTokenAlgorithm, { extractable: true });
  const publicJwk: JWK = { ...(await exportJWK(publicKey)), alg: accessTokenAlgorithm, use: 'sig' };
  const kid = await calculateJwkThumbprint(publicJwk);
  const plain = new TextEncoder().encode(JSON.stringify(await exportJWK(privateKey)));
  const encryptedPrivateJwk = await new CompactEncrypt(plain)
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid })
    .encrypt(options.encryptionKey);
  return {
    kid,
    sequence: options.sequence,
    algorithm: accessTokenAlgorithm,
    publicJwk: { ...publicJwk, kid },
    encryptedPrivateJwk,
    createdAt: new Date(options.now()),
  };
}

async function toActive({ kid, algorithm, encryptedPrivateJwk }: StoredSigningKey, encryptionKey: Uint8Array): Promise<ActiveSigningKey> {
  const privateKey = await importJWK(await decryptJwk(encryptedPrivateJwk, encryptionKey), algorithm);
  if (privateKey instanceof Uint8Array) throw new Error(`The signing key ${kid} is symmetric.`);
  return { kid, privateKey };
}

async function decryptJwk(jwe: string, encryptionKey: Uint8Array): Promise<JWK> {
  try {
    const { plaintext } = await compactDecrypt(jwe, encryptionKey, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    return JSON.parse(new TextDecoder().decode(plaintext)) as JWK;
  } catch (cause) {
    throw new Error(
      'The signing keys in the database were encrypted with another secret (GATEWAY_SECRET). Start with that one again, or delete the rows of auth.signing_key: everybody then signs in anew.',
      { cause },
    );
  }
}

/** Only what is public, member by member, whatever else may ever stand in the stored JWK. */
function publicSet(stored: readonly StoredSigningKey[]): JSONWebKeySet {
  return {
    keys: stored.map(({ kid, algorithm, publicJwk: { kty, crv, x } }) => ({
      kid,
      alg: algorithm,
      use: 'sig',
      ...(kty === undefined ? {} : { kty }),
      ...(crv === undefined ? {} : { crv }),
      ...(x === undefined ? {} : { x }),
    })),
  };
}
