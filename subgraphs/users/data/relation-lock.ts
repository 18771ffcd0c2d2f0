import type { UsersTransaction } from './prisma.js';

/**
 * Until the end of the transaction nobody else changes how any of these users stands to anybody: two who ask each other at the same
 * moment become friends instead of leaving two requests, and nobody passes a limit by doing two things at once. In one order for
 * everybody, so that no two wait for each other. Not the lock of search-names.ts: these hash with another seed.
 */
export async function lockRelations(tx: UsersTransaction, userIds: readonly string[]): Promise<void> {
  await tx.$executeRaw`
    SELECT pg_advisory_xact_lock(key) FROM (
      SELECT DISTINCT hashtextextended(value, 1) AS key FROM jsonb_array_elements_text(${JSON.stringify(userIds)}::jsonb) ORDER BY key
    ) AS locks`;
}
