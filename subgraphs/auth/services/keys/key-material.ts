import {
  calculateJwkThumbprint,
  CompactEncrypt,
  compactDecrypt,
  exportJWK,
  generateKeyPair,
  importJWK,
  type CryptoKey,
  type JSONWebKeySet,
  type JWK,
} from 'jose';
import { accessTokenAlgorithm } from '../../../../shared/auth/access-token.js';
import type { StoredSigningKey } from '../../data/signing-key-repository.js';

/** A new key pair, its private half encrypted. */
export async function makeKey(options: {
  sequence: number;
  encryptionKey: Uint8Array;
  createdAt: Date;
  activatesAt: Date;
}): Promise<StoredSigningKey> {
  const { sequence, createdAt, activatesAt } = options;
  const { publicKey, privateKey } = await generateKeyPair(accessTokenAlgorithm, { extractable: true });
  const publicJwk: JWK = { ...(await exportJWK(publicKey)), alg: accessTokenAlgorithm, use: 'sig' };
  const kid = await calculateJwkThumbprint(publicJwk);
  const plain = new TextEncoder().encode(JSON.stringify(await exportJWK(privateKey)));
  const encryptedPrivateJwk = await new CompactEncrypt(plain)
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid })
    .encrypt(options.encryptionKey);
  return {
    kid,
    sequence,
    algorithm: accessTokenAlgorithm,
    publicJwk: { ...publicJwk, kid },
    encryptedPrivateJwk,
    createdAt,
    activatesAt,
    revokedAt: null,
  };
}

/** Throws when it was encrypted with another key. */
export async function decryptKey({ kid, algorithm, encryptedPrivateJwk }: StoredSigningKey, encryptionKey: Uint8Array): Promise<CryptoKey> {
  const privateKey = await importJWK(await decryptJwk(encryptedPrivateJwk, encryptionKey), algorithm);
  if (privateKey instanceof Uint8Array) throw new Error(`The signing key ${kid} is symmetric.`);
  return privateKey;
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
export function publicSet(stored: readonly StoredSigningKey[]): JSONWebKeySet {
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
