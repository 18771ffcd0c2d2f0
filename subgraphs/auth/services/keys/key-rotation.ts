import { accessTokenLifetimeMs } from '../../../../shared/auth/revocations.js';
import type { SigningKeyRepository, StoredSigningKey } from '../../data/signing-key-repository.js';
import { toAuditRow } from '../audit/audit-log.js';
import { makeKey } from './key-material.js';

/**
 * How long a key is published before it signs: longer than anybody keeps the set of keys (five minutes by its cache header, ten by jose,
 * one by the gateway), with room for a replica that cannot read the database for a while.
 */
export const publishedAheadMs = 60 * 60_000;
/** How long a key verifies after its successor began to sign: until its last token has expired, and a while for clocks that differ. */
export const verifiesAfterMs = accessTokenLifetimeMs + 5 * 60_000;

/** The key that signs at `now`; none is only ever missing to a clock that runs behind, and that one takes the first. */
export function signingAt(keys: readonly StoredSigningKey[], now: number): StoredSigningKey | undefined {
  return keys.findLast(({ activatesAt }) => activatesAt.getTime() <= now) ?? keys[0];
}

/** The keys that are still good to verify with, or not in use yet. `keys` in the order of their sequence. */
export function publishedAt(keys: readonly StoredSigningKey[], now: number): readonly StoredSigningKey[] {
  return keys.filter((_key, index) => {
    const successor = keys[index + 1];
    return successor === undefined || now < successor.activatesAt.getTime() + verifiesAfterMs;
  });
}

export interface KeyRotation {
  /**
   * Makes the first key, or the next one when the newest has signed for long enough, and takes away those that are over. Answers with the
   * keys that are left. Replicas that do so at once agree: of two keys of one sequence the database takes one.
   */
  run(): Promise<readonly StoredSigningKey[]>;
  /** Makes the next key whatever the age of the newest; null when one is waiting to sign already. */
  rotate(): Promise<StoredSigningKey | null>;
}

export interface KeyRotationOptions {
  readonly repository: SigningKeyRepository;
  /** 32 bytes. */
  readonly encryptionKey: Uint8Array;
  /** How long a key signs. In ms. */
  readonly rotationMs: number;
  readonly now?: () => number;
}

export function createKeyRotation({ repository, encryptionKey, rotationMs, now = Date.now }: KeyRotationOptions): KeyRotation {
  /** Answers with all keys afterwards. */
  async function add(sequence: number, aheadMs: number): Promise<readonly StoredSigningKey[]> {
    const at = now();
    const key = await makeKey({ sequence, encryptionKey, createdAt: new Date(at), activatesAt: new Date(at + aheadMs) });
    const details = { kid: key.kid, signsFrom: key.activatesAt.toISOString() };
    await repository.addUnlessPresent(key, sequence === 1 ? [] : [toAuditRow({ action: 'SIGNING_KEY_ROTATED', details }, now)]);
    return repository.list();
  }

  return {
    async run() {
      let keys = await repository.list();
      const newest = keys.at(-1);
      if (newest === undefined) {
        keys = await add(1, 0);
      } else if (now() >= newest.activatesAt.getTime() + rotationMs - publishedAheadMs) {
        keys = await add(newest.sequence + 1, publishedAheadMs);
      }
      const kept = publishedAt(keys, now());
      const over = keys.filter((key) => !kept.includes(key));
      if (over.length > 0) await repository.remove(over.map(({ kid }) => kid));
      return kept;
    },

    async rotate() {
      const newest = (await repository.list()).at(-1);
      if (newest !== undefined && newest.activatesAt.getTime() > now()) return null;
      const keys = newest === undefined ? await add(1, 0) : await add(newest.sequence + 1, publishedAheadMs);
      return keys.at(-1) ?? null;
    },
  };
}
