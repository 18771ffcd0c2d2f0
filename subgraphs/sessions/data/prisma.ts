import type { Database } from '../../../shared/database/database.js';
import { prismaOptions } from '../../../shared/database/prisma-options.js';
import { PrismaClient } from '../__generated__/prisma/client.js';

export type SessionsPrisma = PrismaClient;

/** Name of the database schema. */
export const sessionsSchema = 'sessions';

export function createSessionsPrisma(database: Database): SessionsPrisma {
  return new PrismaClient(prismaOptions(database));
}

/** Ids come from clients in any form, and Postgres refuses to compare a uuid with anything else. */
export function onlyUuids(ids: readonly string[]): string[] {
  return ids.filter((id) => /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(id));
}
