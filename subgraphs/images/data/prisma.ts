import type { Database } from '../../../shared/database/database.js';
import { PrismaClient } from '../__generated__/prisma/client.js';

export type ImagesPrisma = PrismaClient;

/** Name of the database schema. */
export const imagesSchema = 'images';

export function createImagesPrisma(database: Database): ImagesPrisma {
  // Everybody shares the one connection of an embedded database, so on a busy machine a transaction may have to wait for its turn.
  return new PrismaClient({ adapter: database.adapter, transactionOptions: { maxWait: 10_000, timeout: 10_000 } });
}
