import type { Database } from '../../../shared/database/database.js';
import { PrismaClient } from '../__generated__/prisma/client.js';

export type AuthPrisma = PrismaClient;

export function createAuthPrisma(database: Database): AuthPrisma {
  return new PrismaClient({ adapter: database.adapter });
}
