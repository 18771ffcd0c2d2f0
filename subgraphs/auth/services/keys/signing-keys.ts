import { createLocalJWKSet, errors, type CryptoKey, type JWTVerifyGetKey } from 'jose';
import type { PublishedKeys } from '../../../../shared/auth/key-feed.js';
import type { Revocations } from '../../../../shared/auth/revocations.js';
import { startWakeableLoop } from '../../../../shared/background/wakeable-loop.js';
import type { Logger } from '../../../../shared/logging/logger.js';
import type { SigningKeyRepository, StoredSigningKey } from '../../data/signing-key-repository.js';
import { decryptKey, publicSet } from './key-material.js';
import { createKeyRotation, isInOrder, publishedAt, signingAt } from './key-rotation.js';

/** How often an unknown `kid` may make us ask the database: forged ones cost at most that. */
const reloadCooldownMs = 1_000;
/** How soon a process hears of a key that another one, or a command, has made or revoked. */
const checkMs = 1_000;
/** So many checks may fail before it is worth a warning. */
const quietFailures = 5;

export interface ActiveSigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
}

export interface SigningKeys {
  /** The key that signs now. */
  active(): ActiveSigningKey;
  /** Public keys by `kid`. An unknown one makes it look whether another process has made a key meanwhile. */
  readonly keys: JWTVerifyGetKey;
  /**
   * For `/.well-known/jwks.json`: the public parts of the key that signs, of the next one, and of the one before while its tokens live; and
   * which keys were revoked.
   */
  jwks(): PublishedKeys;
  /** Rotates when it is time, and learns what others have rotated or revoked; by itself every second. */
  rotate(): Promise<void>;
  close(): Promise<void>;
}

export interface SigningKeysOptions {
  readonly repository: SigningKeyRepository;
  /** Told of keys that are revoked. */
  readonly revocations: Pick<Revocations, 'revokeKey'>;
  /** 32 bytes. */
  readonly encryptionKey: Uint8Array;
  /** How long a key signs. In ms. */
  readonly rotationMs: number;
  readonly logger: Logger;
  readonly now?: () => number;
}

/** The keys of access tokens, kept in the database. Rejects when they were encrypted with another key. */
export async function createSigningKeys(options: SigningKeysOptions): Promise<SigningKeys> {
  const { repository, revocations, encryptionKey, logger, now = Date.now } = options;
  const rotation = createKeyRotation(options);
  const decrypted = new Map<string, CryptoKey>();
  let stored: readonly StoredSigningKey[] = [];
  let revoked: readonly string[] = [];
  let local = createLocalJWKSet({ keys: [] });
  let reloadedAt = now();
  let reloading: Promise<void> | undefined;

  /** Takes `list` over as a whole, once every key that signs now or later can be used. */
  async function take(all: readonly StoredSigningKey[]): Promise<void> {
    const list = all.filter(isInOrder);
    for (const key of list.slice(list.findIndex((each) => each === signingAt(list, now())))) {
      if (!decrypted.has(key.kid)) decrypted.set(key.kid, await decryptKey(key, encryptionKey));
    }
    for (const kid of decrypted.keys()) if (!list.some((key) => key.kid === kid)) decrypted.delete(kid);
    stored = list;
    revoked = all.flatMap((key) => (isInOrder(key) ? [] : [key.kid]));
    for (const kid of revoked) revocations.revokeKey(kid);
    local = createLocalJWKSet(publicSet(list));
    reloadedAt = now();
  }

  const rotate = async () => take(await rotation.run());
  await rotate();
  if (stored.length === 0) throw new Error('The signing key that was just written is not there.');

  let failures = 0;
  const loop = startWakeableLoop({
    async work() {
      await rotate();
      failures = 0;
    },
    onError(error) {
      failures += 1;
      // Once per outage, not once a second.
      if (failures === quietFailures) logger.warn({ err: error }, 'the signing keys cannot be looked after; trying again every second');
    },
    pollMs: checkMs,
  });

  return {
    active() {
      const key = signingAt(stored, now());
      const privateKey = key === undefined ? undefined : decrypted.get(key.kid);
      if (key === undefined || privateKey === undefined) throw new Error('There is no signing key.');
      return { kid: key.kid, privateKey };
    },
    jwks: () => ({ ...publicSet(publishedAt(stored, now())), revoked }),
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
    close: () => loop.close(),
  };
}
