import type { Database } from '../../../shared/database/database.js';
import { PrismaClient } from '../__generated__/prisma/client.js';

export type ImagesPrisma = PrismaClient;

export function createImagesPrisma(database: Database): ImagesPrisma {
  return new PrismaClient({ adapter: database.adapter });
}
