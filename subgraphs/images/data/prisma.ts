import type { Database } from '../../../shared/database/database.js';
import { prismaOptions } from '../../../shared/database/prisma-options.js';
import { PrismaClient } from '../__generated__/prisma/client.js';

export type ImagesPrisma = PrismaClient;

/** Name of the database schema. */
export const imagesSchema = 'images';

export function createImagesPrisma(database: Database): ImagesPrisma {
  return new PrismaClient(prismaOptions(database));
}
