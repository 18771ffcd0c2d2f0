import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { Database } from './database.js';

/** For `new PrismaClient(…)` of a subgraph. */
export interface PrismaOptions {
  readonly adapter: SqlDriverAdapterFactory;
  /** In milliseconds: until a transaction has begun, and from then until it must have ended. */
  readonly transactionOptions: { readonly maxWait: number; readonly timeout: number };
}

/**
 * Everybody shares the one connection of an embedded database, so on a busy machine a transaction may have to wait for its turn longer than
 * Prisma's 2 s.
 */
export function prismaOptions({ adapter }: Database): PrismaOptions {
  return { adapter, transactionOptions: { maxWait: 10_000, timeout: 10_000 } };
}
