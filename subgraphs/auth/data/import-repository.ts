import { createDomainEvent } from '../../../shared/events/domain-events.js';
import { toOutboxRow } from '../../../shared/events/outbox.js';
import { toAuditRow } from '../services/audit/audit-log.js';
import type { AuthPrisma, AuthTransaction } from './prisma.js';

export interface NewImportedAccount {
  readonly id: string;
  readonly username: string;
  readonly email: string | null;
  /** As `toStoredHash` answers it. */
  readonly passwordHash: string;
  readonly createdAt: Date;
  readonly legacyId: number | null;
}

/** By its place in the list that was given. */
export interface RefusedAccount {
  readonly index: number;
  readonly reason: string;
}

export interface ImportedBatch {
  readonly accounts: readonly NewImportedAccount[];
  /** Rows of the file that were done before, and with this batch. */
  readonly progress: { readonly file: string; readonly from: number; readonly to: number };
  readonly at: Date;
  /** Called within the transaction, as its last step. */
  readonly onRefused: (refused: readonly RefusedAccount[]) => void;
}

/** Someone else imports the same file at this moment. */
export class ConcurrentImportError extends Error {
  override readonly name = 'ConcurrentImportError';
}

export interface ImportRepository {
  rowsDone(file: string): Promise<number>;
  /** From now on new accounts get numbers above `highest`. */
  reserveLegacyIds(highest: number): Promise<void>;
  /** Those that cannot be added because somebody has the name or the number. */
  findTaken(accounts: readonly Pick<NewImportedAccount, 'username' | 'legacyId'>[]): Promise<readonly RefusedAccount[]>;
  /** Accounts, passwords, events, audit log and progress, all or nothing. Throws `ConcurrentImportError`. */
  add(batch: ImportedBatch): Promise<void>;
}

/** In ms; hundreds of rows in one go, on the embedded database too. */
const transactionTimeout = 60_000;

export function createImportRepository(prisma: AuthPrisma): ImportRepository {
  return {
    async rowsDone(file) {
      const progress = await prisma.importProgress.findUnique({ where: { file }, select: { rows: true } });
      return progress?.rows ?? 0;
    },

    async reserveLegacyIds(highest) {
      await prisma.$transaction(async (tx) => {
        // Whoever registers waits for this moment: between the two statements nobody may take a number.
        await tx.$executeRaw`LOCK TABLE auth.account IN SHARE ROW EXCLUSIVE MODE`;
        await tx.$queryRaw`
          SELECT setval(sequence, ${highest}::bigint)::text
          FROM (SELECT pg_get_serial_sequence('auth.account', 'legacy_id')::regclass AS sequence) AS named
          WHERE ${highest}::bigint > coalesce(pg_sequence_last_value(sequence), 0)`;
      });
    },

    findTaken: (accounts) => findTaken(prisma, accounts),

    async add({ accounts, progress: { file, from, to }, at, onRefused }) {
      await prisma.$transaction(
        async (tx) => {
          if (!(await moveOn(tx, { file, from, to, at }))) {
            throw new ConcurrentImportError('Another process imports this file. Let it finish, or stop it first.');
          }
          const added = new Map(
            (
              await tx.account.createManyAndReturn({
                data: accounts.map(({ id, username, email, createdAt, legacyId }) => ({
                  id,
                  username,
                  usernameLower: username.toLowerCase(),
                  email,
                  emailLower: email?.toLowerCase() ?? null,
                  roles: ['USER'],
                  createdAt,
                  ...(legacyId === null ? {} : { legacyId }),
                })),
                skipDuplicates: true,
                select: { id: true, legacyId: true },
              })
            ).map(({ id, legacyId }) => [id, legacyId]),
          );
          const news = accounts.filter(({ id }) => added.has(id));
          await tx.credential.createMany({
            data: news.map(({ id, passwordHash }) => ({
              accountId: id,
              kind: 'password',
              secret: passwordHash,
              createdAt: at,
              updatedAt: at,
            })),
          });
          await tx.outboxEvent.createMany({
            data: news.map(({ id, username, createdAt }) =>
              toOutboxRow(
                createDomainEvent('user.registered', {
                  key: id,
                  now: () => at.getTime(),
                  payload: { userId: id, username, createdAt: createdAt.toISOString(), legacyId: added.get(id) },
                }),
              ),
            ),
          });
          await tx.auditEvent.createMany({
            data: news.map(({ id }) => toAuditRow({ action: 'IMPORTED', accountId: id }, () => at.getTime())),
          });
          onRefused(added.size === accounts.length ? [] : await explain(tx, accounts, added));
        },
        { timeout: transactionTimeout, maxWait: transactionTimeout },
      );
    },
  };
}

/** Notes how far the import has come; false when it is not where we left it. */
async function moveOn(tx: AuthTransaction, { file, from, to, at }: { file: string; from: number; to: number; at: Date }): Promise<boolean> {
  const { count } =
    from === 0
      ? await tx.importProgress.createMany({ data: [{ file, rows: to, updatedAt: at }], skipDuplicates: true })
      : await tx.importProgress.updateMany({ where: { file, rows: from }, data: { rows: to, updatedAt: at } });
  return count === 1;
}

/** Why those that were not added were not: `ON CONFLICT DO NOTHING` does not say. */
async function explain(
  tx: AuthTransaction,
  accounts: readonly NewImportedAccount[],
  added: ReadonlyMap<string, number>,
): Promise<readonly RefusedAccount[]> {
  const missing = accounts.flatMap((account, index) => (added.has(account.id) ? [] : [{ account, index }]));
  const taken = await findTaken(
    tx,
    missing.map(({ account }) => account),
  );
  return missing.map(({ index }, place) => ({
    index,
    reason: taken.find((refused) => refused.index === place)?.reason ?? 'Somebody has this username or legacy_id.',
  }));
}

async function findTaken(
  tx: AuthTransaction,
  accounts: readonly Pick<NewImportedAccount, 'username' | 'legacyId'>[],
): Promise<readonly RefusedAccount[]> {
  const rows = await tx.account.findMany({
    where: {
      OR: [
        { usernameLower: { in: accounts.map(({ username }) => username.toLowerCase()) } },
        { legacyId: { in: accounts.flatMap(({ legacyId }) => (legacyId === null ? [] : [legacyId])) } },
      ],
    },
    select: { usernameLower: true, legacyId: true },
  });
  const names = new Set(rows.map(({ usernameLower }) => usernameLower));
  const numbers = new Set(rows.map(({ legacyId }) => legacyId));
  return accounts.flatMap(({ username, legacyId }, index) => {
    if (names.has(username.toLowerCase())) return [{ index, reason: `The username "${username}" is taken.` }];
    return legacyId !== null && numbers.has(legacyId) ? [{ index, reason: `The legacy_id ${String(legacyId)} is taken.` }] : [];
  });
}
