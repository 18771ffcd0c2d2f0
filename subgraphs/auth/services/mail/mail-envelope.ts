import { CompactEncrypt, compactDecrypt } from 'jose';
import { z } from 'zod';

const envelope = z.object({
  template: z.string(),
  to: z.string(),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  /** When it is of no use any more, in ms since the epoch: its link has expired. Null when it does not. */
  expiresAt: z.number().nullable(),
});

/** One mail, as it is kept until it is sent. */
export type MailEnvelope = Readonly<z.output<typeof envelope>>;

export interface MailEnvelopes {
  /** Compact JWE (dir, A256GCM): a mail may hold a token, and a copy of the database must not be one of that. */
  seal(mail: MailEnvelope): Promise<string>;
  /** Throws when it was sealed with another key. */
  open(content: string): Promise<MailEnvelope>;
}

/** `key` has 32 bytes. */
export function createMailEnvelopes(key: Uint8Array): MailEnvelopes {
  return {
    seal: (mail) =>
      new CompactEncrypt(new TextEncoder().encode(JSON.stringify(mail))).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(key),
    async open(content) {
      const { plaintext } = await compactDecrypt(content, key, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
      });
      return envelope.parse(JSON.parse(new TextDecoder().decode(plaintext)));
    },
  };
}
