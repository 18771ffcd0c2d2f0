import { createMailToken, hashMailToken, mailTokenLifetimeMs, type MailTokenPurpose, type MailTokenRow } from './mail-token.js';
import type { Mailer, MailRow } from './mailer.js';

/** How many mails with a token of one kind an address is sent in an hour, whoever asks: nobody's mailbox can be flooded by registering. */
export const tokenMailsPerAddress = { most: 10, withinMs: 60 * 60_000 } as const;

/** What a mail with a token writes, in the transaction that gives rise to it. */
export interface TokenMail {
  readonly mailTokens: readonly MailTokenRow[];
  readonly mails: readonly MailRow[];
}

export interface TokenMailRepository {
  countSince(purpose: MailTokenPurpose, emailLower: string, since: Date): Promise<number>;
}

export interface TokenMails {
  /**
   * A new token for `email`, and the mail that takes it there. Nothing when there is no address, or when it was sent too many already;
   * says and does the same whether or not the address is known here.
   */
  prepare(purpose: MailTokenPurpose, account: { readonly id: string; readonly username: string }, email: string | null): Promise<TokenMail>;
}

const templates = { 'password-reset': 'reset-password', 'email-verification': 'verify-email' } as const;
const nothing: TokenMail = { mailTokens: [], mails: [] };

export function createTokenMails({
  repository,
  mailer,
  now = Date.now,
}: {
  repository: TokenMailRepository;
  mailer: Pick<Mailer, 'rows'>;
  now?: () => number;
}): TokenMails {
  return {
    async prepare(purpose, { id: accountId, username }, email) {
      if (email === null) return nothing;
      const emailLower = email.toLowerCase();
      const since = new Date(now() - tokenMailsPerAddress.withinMs);
      if ((await repository.countSince(purpose, emailLower, since)) >= tokenMailsPerAddress.most) return nothing;
      const token = createMailToken();
      const createdAt = new Date(now());
      const expiresAt = new Date(createdAt.getTime() + mailTokenLifetimeMs[purpose]);
      return {
        mailTokens: [{ hash: hashMailToken(token), accountId, purpose, emailLower, createdAt, expiresAt }],
        mails: await mailer.rows(templates[purpose], { to: email, username, token, expiresAt }),
      };
    },
  };
}
