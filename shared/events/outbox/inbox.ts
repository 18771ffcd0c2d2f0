import { schemaName, type RawDatabase } from '../../database/raw-database.js';

/**
 * Marks an event as taken by this subgraph, inside the consumer's own transaction `tx`: true the first time, false for a repetition,
 * which must then have no effect. A second delivery at the same moment waits here for the first one's transaction to end.
 */
export async function takeOnce(tx: Pick<RawDatabase, '$executeRawUnsafe'>, schema: string, eventId: string): Promise<boolean> {
  const inserted = await tx.$executeRawUnsafe(
    `INSERT INTO ${schemaName(schema)}.inbox_event (id) VALUES ($1::uuid) ON CONFLICT (id) DO NOTHING`,
    eventId,
  );
  return inserted === 1;
}
