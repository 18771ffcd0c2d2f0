import { ColumnTypeEnum, type ArgType, type ColumnType, type SqlDriverAdapter } from '@prisma/driver-adapter-utils';
import type { RawDatabase } from './raw-database.js';
import type { Database } from './database.js';

/** What an argument is, the statement says by a cast; both drivers take text for all of them. */
const plain: ArgType = { scalarType: 'unknown', arity: 'scalar' };

/**
 * Statements past Prisma's client, over the same connections: for those that run at every sign-in, of which the client costs the event loop
 * twice what the driver does (docs/adr/0009). Arguments are texts, numbers, booleans and nulls; in rows, times are `Date`s and JSON is parsed,
 * as the client answers them.
 */
export function createPlainSql({ adapter }: Pick<Database, 'adapter'>): RawDatabase {
  let connecting: Promise<SqlDriverAdapter> | undefined;
  const connected = () => (connecting ??= adapter.connect());
  const toQuery = (sql: string, values: unknown[]) => ({ sql, args: values, argTypes: values.map(() => plain) });

  return {
    async $queryRawUnsafe<Rows>(sql: string, ...values: unknown[]): Promise<Rows> {
      const { columnNames, columnTypes, rows } = await (await connected()).queryRaw(toQuery(sql, values));
      const read = columnTypes.map(reader);
      // The caller says of what shape the rows of its own statement are, as with Prisma's client.
      return rows.map((row) =>
        Object.fromEntries(columnNames.map((name, index) => [name, row[index] === null ? null : read[index]?.(row[index])])),
      ) as Rows;
    },
    async $executeRawUnsafe(sql, ...values) {
      return (await connected()).executeRaw(toQuery(sql, values));
    },
  };
}

function reader(type: ColumnType): (value: unknown) => unknown {
  if (type === ColumnTypeEnum.DateTime) return (value) => new Date(String(value));
  if (type === ColumnTypeEnum.Json) return (value) => (typeof value === 'string' ? (JSON.parse(value) as unknown) : value);
  if (type === ColumnTypeEnum.Int64) return (value) => BigInt(String(value));
  return (value) => value;
}
