import { CompactEncrypt, compactDecrypt } from 'jose';
import { z } from 'zod';

const content = z.object({ accountId: z.string(), secret: z.string() });

export interface TotpSecrets {
  /** Compact JWE (dir, A256GCM) of the secret: useless in a copy of the database, and in the row of another account. */
  seal(accountId: string, secret: string): Promise<string>;
  /** Throws when it was sealed with another key or for another account. */
  open(accountId: string, sealed: string): Promise<string>;
}

/** `key` has 32 bytes. */
export function createTotpSecrets(key: Uint8Array): TotpSecrets {
  return {
    seal: (accountId, secret) =>
      new CompactEncrypt(new TextEncoder().encode(JSON.stringify({ accountId, secret })))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .encrypt(key),

    async open(accountId, sealed) {
      const { plaintext } = await compactDecrypt(sealed, key, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
      });
      const opened = content.parse(JSON.parse(new TextDecoder().decode(plaintext)));
      if (opened.accountId !== accountId) throw new Error(`The TOTP secret of the account ${accountId} was sealed for another one.`);
      return opened.secret;
    },
  };
}
