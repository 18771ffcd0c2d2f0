import { createDomainEvent } from '../../../shared/events/domain-events.js';
import type { DomainEvent } from '../../../shared/events/event-bus.js';
import { toOutboxRow } from '../../../shared/events/outbox/outbox.js';
import type { AuditRow } from '../services/audit/audit-log.js';
import type { AuthPrisma, AuthTransaction } from './prisma.js';

export interface NewImportedAccount {
  readonly id: string;
  readonly username: string;
  /** By which its name may be on hold (services/usernames/username-holds.ts). */
  readonly nameHash: string;
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
  /** What the audit log says of an account that was added. */
  readonly toAudit: (accountId: string) => AuditRow;
  /** Called within the transaction, as its last step. */
  readonly onRefused: (refused: readonly RefusedAccount[]) => void;
}

type Wanted = Pick<NewImportedAccount, 'username' | 'nameHash' | 'legacyId'>;

/** Someone else imports the same file at this moment. */
export class ConcurrentImportError extends Error {
  override readonly name = 'ConcurrentImportError';
}

export interface ImportRepository {
  rowsDone(file: string): Promise<number>;
  /** From now on new accounts get numbers above `highest`. */
  reserveLegacyIds(highest: number): Promise<void>;
  /** Those that cannot be added at `at` because somebody has the name or the number, or has the name on hold. */
  findTaken(accounts: readonly Wanted[], at: Date): Promise<readonly RefusedAccount[]>;
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

    findTaken: (accounts, at) => findTaken(prisma, accounts, at),

    async add({ accounts, progress: { file, from, to }, at, toAudit, onRefused }) {
      await prisma.$transaction(
        async (tx) => {
          if (!(await moveOn(tx, { file, from, to, at }))) {
            throw new ConcurrentImportError('Another process imports this file. Let it finish, or stop it first.');
          }
          const added = await addAccounts(tx, accounts, at);
          const news = accounts.filter(({ id }) => added.has(id));
          await addCredentials(tx, news, at);
          await addEvents(
            tx,
            news.map(({ id, username, createdAt }) =>
              createDomainEvent('user.registered', {
                key: id,
                now: () => at.getTime(),
                payload: { userId: id, username, createdAt: createdAt.toISOString(), legacyId: added.get(id) },
              }),
            ),
          );
          await addAudit(
            tx,
            news.map(({ id }) => toAudit(id)),
          );
          onRefused(added.size === accounts.length ? [] : await explain(tx, accounts, added, at));
        },
        { timeout: transactionTimeout, maxWait: transactionTimeout },
      );
    },
  };
}

// Lists go as JSON into one statement each: through Prisma's own `createMany` an import takes five times as long.

/** Those that were added, by id, with their numbers. */
async function addAccounts(tx: AuthTransaction, accounts: readonly NewImportedAccount[], at: Date): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.$queryRaw<{ id: string; legacy_id: number }[]>`
    INSERT INTO auth.account (id, legacy_id, username, username_lower, email, email_lower, roles, created_at)
    SELECT id, coalesce("legacyId", nextval(pg_get_serial_sequence('auth.account', 'legacy_id'))), username, lower, email, "emailLower",
           '{USER}', "createdAt"
    FROM jsonb_to_recordset(${JSON.stringify(
      accounts.map(({ id, username, email, createdAt, legacyId }) => ({
        ...{ id, username, email, createdAt, legacyId },
        lower: username.toLowerCase(),
        emailLower: email?.toLowerCase() ?? null,
      })),
    )}::jsonb)
      AS row (id uuid, username text, lower text, email text, "emailLower" text, "createdAt" timestamptz, "legacyId" int)
    ON CONFLICT DO NOTHING
    RETURNING id::text AS id, legacy_id`;
  const added = new Map(rows.map(({ id, legacy_id: legacyId }) => [id, legacyId]));
  for (const id of await withdrawHeld(tx, accounts, at)) added.delete(id);
  return added;
}

/**
 * Takes those away again whose name somebody else has on hold, and answers their ids. Afterwards, because adding one waited for whoever was
 * giving the name up at that moment: only now their hold can be seen.
 */
async function withdrawHeld(tx: AuthTransaction, accounts: readonly NewImportedAccount[], at: Date): Promise<readonly string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    DELETE FROM auth.account USING jsonb_to_recordset(${JSON.stringify(accounts.map(({ id, nameHash }) => ({ id, nameHash })))}::jsonb)
      AS row (id uuid, "nameHash" text)
    WHERE account.id = row.id AND EXISTS (
      SELECT 1 FROM auth.username_hold WHERE name_hash = "nameHash" AND held_until > ${at.toISOString()}::timestamptz)
    RETURNING account.id::text AS id`;
  return rows.map(({ id }) => id);
}

async function addCredentials(tx: AuthTransaction, accounts: readonly NewImportedAccount[], at: Date): Promise<void> {
  const rows = JSON.stringify(accounts.map(({ id, passwordHash }) => ({ id, passwordHash })));
  await tx.$executeRaw`
    INSERT INTO auth.credential (account_id, kind, secret, created_at, updated_at)
    SELECT id, 'password', "passwordHash", ${at.toISOString()}::timestamptz, ${at.toISOString()}::timestamptz
    FROM jsonb_to_recordset(${rows}::jsonb) AS row (id uuid, "passwordHash" text)`;
}

async function addEvents(tx: AuthTransaction, events: readonly DomainEvent[]): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO auth.outbox_event (id, type, key, payload, occurred_at)
    SELECT id, type, key, payload, "occurredAt"
    FROM jsonb_to_recordset(${JSON.stringify(events.map(toOutboxRow))}::jsonb)
      AS row (id uuid, type text, key text, payload jsonb, "occurredAt" timestamptz)`;
}

async function addAudit(tx: AuthTransaction, rows: readonly AuditRow[]): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO auth.audit_event (id, action, occurred_at, account_id, details)
    SELECT id, action, "occurredAt", "accountId", details
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      AS row (id uuid, action text, "occurredAt" timestamptz, "accountId" uuid, details jsonb)`;
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
  at: Date,
): Promise<readonly RefusedAccount[]> {
  const missing = accounts.flatMap((account, index) => (added.has(account.id) ? [] : [{ account, index }]));
  const taken = await findTaken(
    tx,
    missing.map(({ account }) => account),
    at,
  );
  return missing.map(({ index }, place) => ({
    index,
    reason: taken.find((refused) => refused.index === place)?.reason ?? 'Somebody has this username or legacy_id.',
  }));
}

async function findTaken(tx: AuthTransaction, accounts: readonly Wanted[], at: Date): Promise<readonly RefusedAccount[]> {
  const rows = await tx.account.findMany({
    where: {
      OR: [
        { usernameLower: { in: accounts.map(({ username }) => username.toLowerCase()) } },
        { legacyId: { in: accounts.flatMap(({ legacyId }) => (legacyId === null ? [] : [legacyId])) } },
      ],
    },
    select: { usernameLower: true, legacyId: true },
  });
  const holds = await tx.usernameHold.findMany({
    where: { nameHash: { in: accounts.map(({ nameHash }) => nameHash) }, heldUntil: { gt: at } },
    select: { nameHash: true, heldUntil: true },
  });
  const heldUntil = new Map(holds.map((hold) => [hold.nameHash, hold.heldUntil.toISOString()]));
  const names = new Set(rows.map(({ usernameLower }) => usernameLower));
  const numbers = new Set(rows.map(({ legacyId }) => legacyId));
  return accounts.flatMap(({ username, nameHash, legacyId }, index) => {
    if (names.has(username.toLowerCase())) return [{ index, reason: `The username "${username}" is taken.` }];
    const until = heldUntil.get(nameHash);
    if (until !== undefined) return [{ index, reason: `The username "${username}" is kept for who gave it up, until ${until}.` }];
    return legacyId !== null && numbers.has(legacyId) ? [{ index, reason: `The legacy_id ${String(legacyId)} is taken.` }] : [];
  });
}
