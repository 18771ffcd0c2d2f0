import { v5 as uuidv5 } from 'uuid';
import { takeOnce } from '../events/outbox/inbox.js';
import { schemaName, type RawDatabase } from '../database/raw-database.js';

/**
 * Tells what comes too late. Events of different keys have no order: one that names a user may come after the user was erased, and must
 * not bring their id back. So the erasure leaves a mark in the inbox, as if it were one more event that was taken: a hash of the id, from
 * which nobody gets the id back, and which goes when the inbox forgets the events of that time, since then none of them comes again.
 */
const marks = '5d1c1f0a-3c1e-4d0b-9a44-2f0a6b7a9e53';

/** In the transaction that erases everything about the user; whatever names them at the same moment waits for it, or comes first. */
export async function markErased(tx: RawDatabase, schema: string, userId: string): Promise<void> {
  await tx.$executeRawUnsafe('SELECT pg_advisory_xact_lock(hashtextextended($1, 2))', `${schemaName(schema)} ${userId}`);
  await takeOnce(tx, schema, uuidv5(userId, marks));
}

/** Whether one of the users was erased; if not, none of them is before the transaction ends. */
export async function isAnyErased(tx: RawDatabase, schema: string, userIds: readonly string[]): Promise<boolean> {
  for (const userId of userIds) {
    await tx.$executeRawUnsafe('SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 2))', `${schemaName(schema)} ${userId}`);
  }
  const found = await tx.$queryRawUnsafe<unknown[]>(
    `SELECT 1 FROM ${schemaName(schema)}.inbox_event WHERE id IN (SELECT value::uuid FROM jsonb_array_elements_text($1::jsonb))`,
    JSON.stringify(userIds.map((userId) => uuidv5(userId, marks))),
  );
  return found.length > 0;
}
