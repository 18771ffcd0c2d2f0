import type { MailTokenPurpose } from '../services/mail/mail-token.js';
import type { TokenMail } from '../services/mail/token-mails.js';
import type { AuthPrisma, AuthTransaction } from './prisma.js';

/** How many mails with a token of one kind an address is sent in an hour, whoever asks: nobody's mailbox can be flooded by registering. */
export const tokenMailsPerAddress = { most: 10, withinMs: 60 * 60_000 } as const;

/** Voids the account's tokens that were mailed before; all of them unless one `purpose` is named. For the transaction of a larger change. */
export async function voidMailTokens(
  tx: AuthTransaction,
  { accountId, at, purpose }: { accountId: string; at: Date; purpose?: MailTokenPurpose },
): Promise<void> {
  await tx.mailToken.updateMany({
    where: { accountId, usedAt: null, ...(purpose === undefined ? {} : { purpose }) },
    data: { usedAt: at },
  });
}

/**
 * The statement that writes a token and its mail, or neither when the address was sent as many in the last hour as it may be. One statement:
 * whoever comes at the same moment waits at the row that counts for this one's transaction, and one that fails counts for nothing. Make it
 * the last that locks anything, so that nobody waits for each other in a circle.
 */
export function writeTokenMail(prisma: Pick<AuthPrisma | AuthTransaction, '$executeRaw'>, { addressKey, token, mail }: TokenMail) {
  const { most, withinMs } = tokenMailsPerAddress;
  const at = token.createdAt.toISOString();
  const since = new Date(token.createdAt.getTime() - withinMs).toISOString();
  return prisma.$executeRaw`
    WITH counted AS (
      INSERT INTO auth.token_mail_count AS sent (address_key, sent_at, last_at)
      VALUES (${addressKey}, ARRAY[${at}::timestamptz], ${at}::timestamptz)
      ON CONFLICT (address_key) DO UPDATE SET
        sent_at = (sent.sent_at || excluded.sent_at)[greatest(1, cardinality(sent.sent_at) + 2 - ${most}::int):],
        last_at = excluded.last_at
      WHERE cardinality(sent.sent_at) < ${most}::int OR sent.sent_at[1] <= ${since}::timestamptz
      RETURNING 1
    ), written AS (
      INSERT INTO auth.mail_token (hash, account_id, purpose, email_lower, created_at, expires_at)
      SELECT ${token.hash}, ${token.accountId}::uuid, ${token.purpose}, ${token.emailLower}, ${at}::timestamptz,
             ${token.expiresAt.toISOString()}::timestamptz
      FROM counted
    )
    INSERT INTO auth.mail (id, content, created_at, due_at)
    SELECT ${mail.id}::uuid, ${mail.content}, ${mail.createdAt.toISOString()}::timestamptz, ${mail.dueAt.toISOString()}::timestamptz
    FROM counted`;
}
