import { accessTokenLifetimeMs } from '../../../../shared/auth/revocations.js';
import type { SigningKeyRepository, StoredSigningKey } from '../../data/signing-key-repository.js';
import { toAuditRow } from '../audit/audit-log.js';
import { makeKey } from './key-material.js';

/**
 * How long a key is published before it signs: longer than anybody keeps the set of keys (one minute by its cache header, ten by jose), with
 * room for a replica that cannot read the database for a while.
 */
export const publishedAheadMs = 60 * 60_000;
/** How long a key verifies after its successor began to sign: until its last token has expired, and a while for clocks that differ. */
export const verifiesAfterMs = accessTokenLifetimeMs + 5 * 60_000;

/** How long a revoked key is told of: far longer than a token lives, and than any process keeps what it has verified. */
const toldOfMs = 24 * 60 * 60_000;

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

export function isInOrder({ revokedAt }: StoredSigningKey): boolean {
  return revokedAt === null;
}

/** Also above those of revoked keys, which keep theirs. */
function nextSequence(keys: readonly StoredSigningKey[]): number {
  return (keys.at(-1)?.sequence ?? 0) + 1;
}

export interface KeyRotation {
  /**
   * Makes the first key, or the next one when the newest has signed for long enough, and takes away those that are over. Answers with the
   * keys that are left, revoked ones too. Replicas that do so at once agree: of two keys of one sequence the database takes one.
   */
  run(): Promise<readonly StoredSigningKey[]>;
  /** Makes the next key whatever the age of the newest; null when one is waiting to sign already. */
  rotate(): Promise<StoredSigningKey | null>;
  /**
   * For a key that others may know: nothing that it signed counts any more, from the moment that a process hears of it. When it is the one
   * that signs, a new one signs from now on. Null when there is no such key, or it was revoked already.
   */
  revoke(kid: string): Promise<{ readonly successor: StoredSigningKey | null } | null>;
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
      const newest = keys.filter(isInOrder).at(-1);
      if (newest === undefined) {
        keys = await add(nextSequence(keys), 0);
      } else if (now() >= newest.activatesAt.getTime() + rotationMs - publishedAheadMs) {
        keys = await add(nextSequence(keys), publishedAheadMs);
      }
      const published = publishedAt(keys.filter(isInOrder), now());
      const kept = keys.filter((key) => published.includes(key) || (key.revokedAt !== null && now() < key.revokedAt.getTime() + toldOfMs));
      const over = keys.filter((key) => !kept.includes(key));
      if (over.length > 0) await repository.remove(over.map(({ kid }) => kid));
      return kept;
    },

    async rotate() {
      const before = await repository.list();
      const newest = before.filter(isInOrder).at(-1);
      if (newest !== undefined && newest.activatesAt.getTime() > now()) return null;
      const keys = await add(nextSequence(before), newest === undefined ? 0 : publishedAheadMs);
      return keys.at(-1) ?? null;
    },

    async revoke(kid) {
      for (;;) {
        const keys = await repository.list();
        const at = new Date(now());
        const isSigning = signingAt(keys.filter(isInOrder), at.getTime())?.kid === kid;
        const successor = isSigning ? await makeKey({ sequence: nextSequence(keys), encryptionKey, createdAt: at, activatesAt: at }) : null;
        const details = { kid, ...(successor === null ? {} : { successor: successor.kid }) };
        const outcome = await repository.revoke({
          kid,
          at,
          successor,
          audit: [toAuditRow({ action: 'SIGNING_KEY_REVOKED', details }, now)],
        });
        if (outcome === 'revoked') return { successor };
        if (outcome === 'unknown') return null;
      }
    },
  };
}
