/** The part of a Prisma client, or of its transaction, that runs SQL as it stands. */
export interface RawDatabase {
  $queryRawUnsafe<Rows = unknown>(sql: string, ...values: unknown[]): PromiseLike<Rows>;
  /** Answers how many rows were changed. */
  $executeRawUnsafe(sql: string, ...values: unknown[]): PromiseLike<number>;
}

/** `name` quoted for SQL. Names come from code alone; anything but a plain one is a fault. */
export function schemaName(name: string): string {
  if (!/^[a-z_]+$/.test(name)) throw new Error(`${JSON.stringify(name)} is not the name of a database schema`);
  return `"${name}"`;
}
