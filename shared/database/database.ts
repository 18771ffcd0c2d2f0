import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils';

/** A Postgres for Prisma: a server, or PGlite in this process. One value may serve several subgraphs, each in its own schema. */
export interface Database {
  /** For `new PrismaClient({ adapter })`, and for the migrations. */
  readonly adapter: SqlDriverAdapterFactory;
  /** Whether no other process can be on it. */
  readonly isExclusive: boolean;
  /** Applies the migrations of one subgraph that are missing, under a lock that other processes starting at the same time respect. Returns how many. */
  migrate(migrations: { name: string; folder: string }): Promise<number>;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
