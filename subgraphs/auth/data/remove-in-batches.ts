import { Prisma } from '../__generated__/prisma/client.js';
import type { AuthPrisma } from './prisma.js';

/** So many rows at a time that whoever waits for one of them, or for the embedded database's one connection, does not wait long. */
const batchSize = 1_000;

/**
 * Deletes the rows of `table` that `where` holds for, a batch at a time. Several nodes may do so at once: each leaves alone what another
 * has locked. `where` should be answered by an index.
 */
export async function removeInBatches(prisma: AuthPrisma, table: TableName, where: Prisma.Sql): Promise<void> {
  const name = Prisma.raw(`auth.${table}`);
  // An array, so that the rows are chosen once, whatever the plan.
  const remove = () => prisma.$executeRaw`
    DELETE FROM ${name} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${name} WHERE ${where} LIMIT ${batchSize}::int FOR UPDATE SKIP LOCKED))`;
  while ((await remove()) >= batchSize);
}

type TableName =
  | 'known_device'
  | 'mail_token'
  | 'mfa_challenge'
  | 'passkey_ceremony'
  | 'refresh_family'
  | 'refresh_token'
  | 'token_mail_count'
  | 'username_hold';

/** As a parameter: to a millisecond, in UTC. */
export function timestamp(at: Date): Prisma.Sql {
  return Prisma.sql`${at.toISOString()}::timestamptz`;
}
