import { createHmac } from 'node:crypto';
import { createMailToken, hashMailToken, mailTokenLifetimeMs, type MailTokenPurpose, type MailTokenRow } from './mail-token.js';
import type { Mailer, MailRow } from './mailer.js';

/**
 * A mail with a token, for the transaction that gives rise to it (`writeTokenMail`). Token and mail are written there unless the address
 * was sent too many already.
 */
export interface TokenMail {
  /** By which its mails are counted: says nothing about the address to whoever reads the database alone, since it outlives the account. */
  readonly addressKey: string;
  readonly token: MailTokenRow;
  readonly mail: MailRow;
}

export interface TokenMails {
  /**
   * A new token for `email`, and the mail that takes it there; null when there is no address. Says and does the same whether or not the
   * address is known here.
   */
  prepare(
    purpose: MailTokenPurpose,
    account: { readonly id: string; readonly username: string },
    email: string | null,
  ): Promise<TokenMail | null>;
}

const templates = { 'password-reset': 'reset-password', 'email-verification': 'verify-email' } as const;

export function createTokenMails({
  mailer,
  key,
  now = Date.now,
}: {
  mailer: Pick<Mailer, 'rows'>;
  /** 32 bytes. */
  key: Uint8Array;
  now?: () => number;
}): TokenMails {
  return {
    async prepare(purpose, { id: accountId, username }, email) {
      if (email === null) return null;
      const emailLower = email.toLowerCase();
      const token = createMailToken();
      const createdAt = new Date(now());
      const expiresAt = new Date(createdAt.getTime() + mailTokenLifetimeMs[purpose]);
      const [mail] = await mailer.rows(templates[purpose], { to: email, username, token, expiresAt });
      if (mail === undefined) return null;
      return {
        addressKey: createHmac('sha256', key).update(`${purpose}.${emailLower}`).digest('base64url'),
        token: { hash: hashMailToken(token), accountId, purpose, emailLower, createdAt, expiresAt },
        mail,
      };
    },
  };
}
