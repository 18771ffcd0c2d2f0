import type { MailTokenPurpose } from '../services/mail/mail-token.js';
import type { AuthTransaction } from './prisma.js';

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
