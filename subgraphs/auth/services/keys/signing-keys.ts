import { createLocalJWKSet, errors, type CryptoKey, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Logger } from '../../../../shared/logging/logger.js';
import type { SigningKeyRepository, StoredSigningKey } from '../../data/signing-key-repository.js';
import { decryptKey, publicSet } from './key-material.js';
import { createKeyRotation, publishedAt, signingAt } from './key-rotation.js';

/** How often an unknown `kid` may make us ask the database: forged ones cost at most that. */
const reloadCooldownMs = 1_000;
/** How soon a replica knows of a key that another one has made; far sooner than that key signs. */
const rotationCheckMs = 60_000;

export interface ActiveSigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
}

export interface SigningKeys {
  /** The key that signs now. */
  active(): ActiveSigningKey;
  /** Public keys by `kid`. An unknown one makes it look whether another process has made a key meanwhile. */
  readonly keys: JWTVerifyGetKey;
  /** The public parts, for `/.well-known/jwks.json`: of the key that signs, of the next one, and of the one before while its tokens live. */
  jwks(): JSONWebKeySet;
  /** Rotates when it is time, and learns what others have rotated; by itself every minute. */
  rotate(): Promise<void>;
  close(): Promise<void>;
}

export interface SigningKeysOptions {
  readonly repository: SigningKeyRepository;
  /** 32 bytes. */
  readonly encryptionKey: Uint8Array;
  /** How long a key signs. In ms. */
  readonly rotationMs: number;
  readonly logger: Logger;
  readonly now?: () => number;
}

/** The keys of access tokens, kept in the database. Rejects when they were encrypted with another key. */
export async function createSigningKeys(options: SigningKeysOptions): Promise<SigningKeys> {
  const { repository, encryptionKey, logger, now = Date.now } = options;
  const rotation = createKeyRotation(options);
  const decrypted = new Map<string, CryptoKey>();
  let stored: readonly StoredSigningKey[] = [];
  let local = createLocalJWKSet({ keys: [] });
  let reloadedAt = now();
  let reloading: Promise<void> | undefined;

  /** Takes `list` over as a whole, once every key that signs now or later can be used. */
  async function take(list: readonly StoredSigningKey[]): Promise<void> {
    for (const key of list.slice(list.findIndex((each) => each === signingAt(list, now())))) {
      if (!decrypted.has(key.kid)) decrypted.set(key.kid, await decryptKey(key, encryptionKey));
    }
    for (const kid of decrypted.keys()) if (!list.some((key) => key.kid === kid)) decrypted.delete(kid);
    stored = list;
    local = createLocalJWKSet(publicSet(list));
    reloadedAt = now();
  }

  const rotate = async () => take(await rotation.run());
  await rotate();
  if (stored.length === 0) throw new Error('The signing key that was just written is not there.');

  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = rotate().catch((error: unknown) =>
      logger.warn({ err: error }, 'the signing keys could not be looked after; the next try is in a minute'),
    );
  }, rotationCheckMs);
  timer.unref();

  return {
    active() {
      const key = signingAt(stored, now());
      const privateKey = key === undefined ? undefined : decrypted.get(key.kid);
      if (key === undefined || privateKey === undefined) throw new Error('There is no signing key.');
      return { kid: key.kid, privateKey };
    },
    jwks: () => publicSet(publishedAt(stored, now())),
    async keys(header, token) {
      // Without a `kid` jose would try the only key; every token of ours names its own.
      if (header.kid === undefined) throw new errors.JWKSNoMatchingKey();
      if (!stored.some(({ kid }) => kid === header.kid) && now() - reloadedAt >= reloadCooldownMs) {
        reloading ??= repository
          .list()
          .then(take)
          .finally(() => (reloading = undefined));
        await reloading;
      }
      // One that is over may still be here until it is taken away.
      if (!publishedAt(stored, now()).some(({ kid }) => kid === header.kid)) throw new errors.JWKSNoMatchingKey();
      return local(header, token);
    },
    rotate,
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}
