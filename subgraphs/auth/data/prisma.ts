import type { Database } from '../../../shared/database/database.js';
import { prismaOptions } from '../../../shared/database/prisma-options.js';
import { PrismaClient, type Prisma } from '../__generated__/prisma/client.js';

/** Name of the database schema. */
export const authSchema = 'auth';

export type AuthPrisma = PrismaClient;
/** Inside an interactive transaction of it. */
export type AuthTransaction = Prisma.TransactionClient;

export function createAuthPrisma(database: Database): AuthPrisma {
  return new PrismaClient(prismaOptions(database));
}
