import { Prisma } from '../__generated__/prisma/client.js';

/**
 * Whether `error` is a breach of the unique constraint `name`. Postgres' driver reports the constraint by its name; PGlite's reports only
 * the columns, so these are compared there.
 */
export function isUniqueViolation(error: unknown, constraint: { name: string; columns: readonly string[] }): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  // P2010 is any failure of a raw statement; only a violation of uniqueness carries a constraint of this name.
  if (error.code !== 'P2002' && error.code !== 'P2010') return false;
  const reported = path(error.meta, 'driverAdapterError', 'cause', 'constraint');
  const index = path(reported, 'index');
  if (index !== undefined) return index === constraint.name;
  const fields = path(reported, 'fields');
  return (
    Array.isArray(fields) && fields.length === constraint.columns.length && constraint.columns.every((column) => fields.includes(column))
  );
}

function path(value: unknown, ...keys: readonly string[]): unknown {
  let current = value;
  for (const key of keys) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = Reflect.get(current, key);
  }
  return current;
}
