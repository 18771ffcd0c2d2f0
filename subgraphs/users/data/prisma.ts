import type { Database } from '../../../shared/database/database.js';
import { prismaOptions } from '../../../shared/database/prisma-options.js';
import { PrismaClient, type Prisma } from '../__generated__/prisma/client.js';

export type UsersPrisma = PrismaClient;
export type UsersTransaction = Prisma.TransactionClient;

/** Name of the database schema. */
export const usersSchema = 'users';

export function createUsersPrisma(database: Database): UsersPrisma {
  return new PrismaClient(prismaOptions(database));
}
