import { messages, type PGlite, type QueryOptions, type Transaction as PGliteTransaction } from '@electric-sql/pglite';
import {
  DriverAdapterError,
  type IsolationLevel,
  type SqlDriverAdapter,
  type SqlDriverAdapterFactory,
  type Transaction,
} from '@prisma/driver-adapter-utils';
import { PrismaPGlite } from 'pglite-prisma-adapter';

/** A transaction that can also run a script of several statements, as migrations are. */
export type EmbeddedTransaction = Transaction & Pick<SqlDriverAdapter, 'executeScript'>;

export interface EmbeddedAdapter extends SqlDriverAdapter {
  startTransaction(isolationLevel?: IsolationLevel): Promise<EmbeddedTransaction>;
}

export interface EmbeddedAdapterFactory extends SqlDriverAdapterFactory {
  connect(): Promise<EmbeddedAdapter>;
}

/**
 * Prisma on PGlite: `pglite-prisma-adapter` for values and queries, with what it does differently from `@prisma/adapter-pg` put right.
 * As of 0.7.2 it swallows an error of COMMIT, so that a lost write looks saved; it does not wait for scripts; it sets the isolation level
 * outside the transaction; and it names the columns, not the constraint, of a unique violation.
 */
export function createEmbeddedAdapter(client: PGlite): EmbeddedAdapterFactory {
  const connection: Connection = { giveWay: createGiveWay(), withoutParsers: createParserRegister(client) };
  return {
    provider: 'postgres',
    adapterName: 'pglite-prisma-adapter',
    async connect() {
      const queries = await queriesOn(client, connection);
      return {
        ...queries,
        executeScript: (script) => runScript(client, script),
        startTransaction: (isolationLevel) => startTransaction(client, connection, isolationLevel),
        getConnectionInfo: () => ({ supportsRelationJoins: true }),
        dispose: () => Promise.resolve(),
      };
    },
  };
}

async function startTransaction(client: PGlite, connection: Connection, isolationLevel?: IsolationLevel): Promise<EmbeddedTransaction> {
  const { promise: started, resolve: start, reject: fail } = promiseWithResolvers<PGliteTransaction>();
  const { promise: ending, resolve: end } = promiseWithResolvers<'commit' | 'rollback'>();
  const settled = client.transaction(async (transaction) => {
    if (isolationLevel !== undefined) await transaction.exec(`SET TRANSACTION ISOLATION LEVEL ${isolationLevel}`);
    start(transaction);
    if ((await ending) === 'rollback') await transaction.rollback();
  });
  settled.catch(fail);
  const transaction = await started;
  const queries = await queriesOn(transaction, connection);
  const execute = (sql: string) => runScript(transaction, sql);
  const finish = async (how: 'commit' | 'rollback') => {
    end(how);
    await settled.catch(rethrow);
  };
  return {
    ...queries,
    options: { usePhantomQuery: true },
    commit: () => finish('commit'),
    rollback: () => finish('rollback'),
    createSavepoint: (name) => execute(`SAVEPOINT ${name}`),
    rollbackToSavepoint: (name) => execute(`ROLLBACK TO SAVEPOINT ${name}`),
    releaseSavepoint: (name) => execute(`RELEASE SAVEPOINT ${name}`),
    executeScript: execute,
  };
}

type Queryable = Pick<PGliteTransaction, 'query' | 'exec'>;

/** What all queries of one client share. */
interface Connection {
  readonly giveWay: () => Promise<void>;
  readonly withoutParsers: (options: QueryOptions | undefined) => QueryOptions | undefined;
}

async function queriesOn(queryable: Queryable, { giveWay, withoutParsers }: Connection) {
  const named: Pick<Queryable, 'query'> = {
    async query<T>(sql: string, parameters?: unknown[], options?: QueryOptions) {
      try {
        return await queryable.query<T>(sql, parameters, withoutParsers(options));
      } catch (error) {
        return nameConstraint(error);
      } finally {
        await giveWay();
      }
    },
  };
  // Of a whole PGlite, the adapter's queries use `query` alone.
  const adapter = await new PrismaPGlite(named as PGlite).connect();
  return {
    provider: adapter.provider,
    adapterName: adapter.adapterName,
    queryRaw: adapter.queryRaw.bind(adapter),
    executeRaw: adapter.executeRaw.bind(adapter),
  };
}

async function runScript(queryable: Queryable, script: string): Promise<void> {
  await queryable.exec(script).catch(rethrow);
}

function nameConstraint(error: unknown): never {
  if (error instanceof messages.DatabaseError && error.code === '23505' && error.constraint !== undefined) {
    throw new DriverAdapterError({
      kind: 'UniqueConstraintViolation',
      constraint: { index: error.constraint },
      originalCode: error.code,
      originalMessage: error.message,
      ...(error.table === undefined ? {} : { table: error.table }),
    });
  }
  throw error;
}

function rethrow(error: unknown): never {
  if (!(error instanceof messages.DatabaseError)) throw error;
  if (error.code === '23505') nameConstraint(error);
  throw new DriverAdapterError({
    kind: 'postgres',
    code: error.code ?? 'N/A',
    severity: error.severity ?? 'N/A',
    message: error.message,
    detail: error.detail,
    column: error.column,
    hint: error.hint,
    originalMessage: error.message,
    ...(error.code === undefined ? {} : { originalCode: error.code }),
  });
}

/**
 * The adapter hands the same parsers of values to every query, and PGlite copies its own and these into a new table each time: two fifths
 * of what a small query costs. The client is given them once instead.
 */
function createParserRegister(client: PGlite): Connection['withoutParsers'] {
  let registered: QueryOptions['parsers'];
  return (options) => {
    if (options?.parsers === undefined) return options;
    const { parsers, ...others } = options;
    if (parsers !== registered) Object.assign(client.parsers, parsers);
    registered = parsers;
    return others;
  };
}

/**
 * PGlite answers on the same thread without ever waiting for it, so that one query after another would keep timers and sockets from their
 * turn: until the last of them, no request is read, and Prisma's own time limit for a transaction never strikes. Hence a pause every 5 ms.
 */
function createGiveWay(): Connection['giveWay'] {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < 5) return;
    await new Promise((resolve) => setImmediate(resolve));
    last = performance.now();
  };
}

function promiseWithResolvers<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<T>((accept, refuse) => {
    resolve = accept;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
