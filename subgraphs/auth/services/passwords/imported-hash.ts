import { hash as argon2, verify as verifyArgon2 } from 'argon2';
import { createBoundedQueue, type BoundedQueue } from './bounded-queue.js';
import { derive, parseLegacyHash, parseMethod, verifyLegacy, type LegacyHash } from './legacy-hash.js';
import type { Argon2Parameters } from './password-hasher.js';

/** As another system wrote it. It hashed the password as typed, which ours does not (NFKC). */
const asTyped = 'as-typed:';
/** The method of a weak digest, and an argon2id hash of the digest: the digest itself, soon guessed, rests nowhere. */
const wrapped = 'wrapped:';

export type StoredHash =
  /** Of this product, of any parameters: verified by the normalised password. */
  { readonly kind: 'own'; readonly phc: string } | { readonly kind: 'imported'; verify(password: string): Promise<boolean> };

/** What is to be stored for the `text` that another system kept, or why it cannot be. */
export async function toStoredHash(
  text: string,
  parameters: Argon2Parameters,
): Promise<{ readonly kind: 'stored'; readonly hash: string } | { readonly kind: 'refused'; readonly reason: string }> {
  const parsed = parseLegacyHash(text);
  if (parsed.kind === 'refused') return parsed;
  const { hash } = parsed;
  if (hash.kind === 'argon2' || !hash.method.isWeak) return { kind: 'stored', hash: `${asTyped}${text}` };
  return { kind: 'stored', hash: `${wrapped}${hash.method.text}${await argon2(hash.digest, parameters)}` };
}

/** Above this, hashes are checked one at a time: at the ceiling each takes a gigabyte. */
const heavyKiB = 65_536;

export function createImportedHashes(heavy: BoundedQueue = createBoundedQueue({ concurrency: 1, maxWaiting: 20, maxWaitMs: 8_000 })) {
  return {
    /** Null for what cannot be verified: malformed, or above the ceilings of cost. */
    read(stored: string): StoredHash | null {
      if (stored.startsWith(wrapped)) return readWrapped(stored.slice(wrapped.length));
      const isForeign = stored.startsWith(asTyped);
      const parsed = parseLegacyHash(isForeign ? stored.slice(asTyped.length) : stored);
      if (parsed.kind === 'refused') return null;
      const { hash } = parsed;
      if (!isForeign && hash.kind === 'argon2') return { kind: 'own', phc: hash.phc };
      if (!isForeign) return null;
      const isHeavy = memoryOf(hash) > heavyKiB;
      return {
        kind: 'imported',
        verify: (password) => (isHeavy ? heavy.run(() => verifyLegacy(hash, password)) : verifyLegacy(hash, password)),
      };
    },
  };
}

function readWrapped(text: string): StoredHash | null {
  const at = text.lastIndexOf('$argon2id$');
  const method = parseMethod(text.slice(0, at));
  const outer = parseLegacyHash(text.slice(at));
  if (at === -1 || method === null || outer.kind === 'refused' || outer.hash.kind !== 'argon2') return null;
  const { phc } = outer.hash;
  return { kind: 'imported', verify: async (password) => verifyArgon2(phc, await derive(method, password)) };
}

function memoryOf(hash: LegacyHash): number {
  return hash.kind === 'argon2' ? hash.memoryKiB : hash.method.memoryKiB;
}
