import { createAuthPrisma } from '../data/prisma.js';
import { createSigningKeyRepository } from '../data/signing-key-repository.js';
import { deriveKey } from '../services/keys/derive-key.js';
import { decryptKey } from '../services/keys/key-material.js';
import { createKeyRotation } from '../services/keys/key-rotation.js';
import type { AuthData } from './auth-data.js';

/** Makes the next signing key; answers with what happened, for the person who asked. */
export async function rotateKeys(
  { database, encryptionKey }: Pick<AuthData, 'database' | 'encryptionKey'>,
  now: () => number = Date.now,
): Promise<string> {
  const prisma = createAuthPrisma(database);
  try {
    const repository = createSigningKeyRepository(prisma);
    const key = deriveKey(encryptionKey, 'signing keys');
    const newest = (await repository.list()).at(-1);
    // A key that was encrypted with another secret than the server's would stop every sign-in an hour from now.
    if (newest !== undefined) await decryptKey(newest, key);
    const rotation = createKeyRotation({ repository, encryptionKey: key, rotationMs: Number.POSITIVE_INFINITY, now });
    const next = await rotation.rotate();
    if (next === null) return `A new key is waiting already: it signs from ${newest?.activatesAt.toISOString() ?? 'soon'} on.`;
    return [
      `The key ${next.kid} signs from ${next.activatesAt.toISOString()} on.`,
      'Servers publish it within a minute, and the old one until the last token that it signed has expired. Nobody is signed out.',
    ].join('\n');
  } finally {
    await prisma.$disconnect();
  }
}
