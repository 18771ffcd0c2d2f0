import { v7 as uuidv7 } from 'uuid';
import type { ImportRepository, NewImportedAccount, RefusedAccount } from '../../data/import-repository.js';
import { toAuditRow } from '../audit/audit-log.js';
import { toStoredHash } from '../passwords/imported-hash.js';
import { argon2Parameters, type Argon2Parameters } from '../passwords/password-hasher.js';
import type { UsernameHolds } from '../usernames/username-holds.js';
import { readUser, type ImportedUser } from './imported-user.js';
import type { SourceRow } from './source-rows.js';

export interface RefusedRow {
  readonly line: number;
  /** Null when it could not be read. */
  readonly username: string | null;
  readonly reasons: readonly string[];
}

export interface ImportTotals {
  readonly rows: number;
  readonly imported: number;
  readonly refused: number;
}

export interface UserImport {
  /** Rows in the file and the highest `legacy_id` of those that can be imported. Throws `UnreadableFileError` before anything is written. */
  survey(rows: AsyncIterable<SourceRow>): Promise<{ readonly rows: number; readonly highestLegacyId: number }>;
  /** How many rows of the file are done already. */
  done(fingerprint: string): Promise<number>;
  /**
   * Imports the rows that are not done, a batch at a time, each in one transaction with the events that announce its users and a note of
   * how far it has come. Ends early, after a batch, when `signal` is aborted.
   */
  run(work: ImportWork): Promise<ImportTotals>;
  /** Says what `run` would refuse, and changes nothing. */
  tryOut(work: Omit<ImportWork, 'fingerprint' | 'highestLegacyId'>): Promise<ImportTotals>;
}

export interface ImportWork {
  readonly fingerprint: string;
  readonly highestLegacyId: number;
  readonly rows: AsyncIterable<SourceRow>;
  /** Called before the batch is committed, so that a crash repeats reasons rather than losing them. Must not wait for anything. */
  readonly onRefused: (rows: readonly RefusedRow[]) => void;
  readonly onProgress: (totals: ImportTotals) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface UserImportOptions {
  readonly repository: ImportRepository;
  readonly holds: UsernameHolds;
  readonly batchSize?: number;
  readonly parameters?: Argon2Parameters;
  readonly now?: () => number;
  readonly newId?: () => string;
}

interface ReadBatch {
  readonly rows: number;
  readonly users: readonly (ImportedUser & { readonly line: number })[];
  readonly refused: readonly RefusedRow[];
}

export function createUserImport({
  repository,
  holds,
  batchSize = 500,
  parameters = argon2Parameters,
  now = Date.now,
  newId = uuidv7,
}: UserImportOptions): UserImport {
  function readBatch(rows: readonly SourceRow[]): ReadBatch {
    const users: (ImportedUser & { line: number })[] = [];
    const refused: RefusedRow[] = [];
    for (const row of rows) {
      if (row.kind === 'unreadable') {
        refused.push({ line: row.line, username: null, reasons: [`The row cannot be read: ${row.reason}.`] });
        continue;
      }
      const read = readUser(row.fields, now());
      if (read.kind === 'user') users.push({ ...read.user, line: row.line });
      else refused.push({ line: row.line, username: row.fields.get('username')?.slice(0, 100) ?? null, reasons: read.reasons });
    }
    return { rows: rows.length, users, refused };
  }

  async function* batches(rows: AsyncIterable<SourceRow>, skip: number): AsyncGenerator<ReadBatch> {
    let batch: SourceRow[] = [];
    let seen = 0;
    for await (const row of rows) {
      seen += 1;
      if (seen <= skip) continue;
      batch.push(row);
      if (batch.length < batchSize) continue;
      yield readBatch(batch);
      batch = [];
    }
    if (batch.length > 0) yield readBatch(batch);
  }

  async function toAccount({ username, email, legacyHash, createdAt, legacyId }: ImportedUser): Promise<NewImportedAccount> {
    const stored = await toStoredHash(legacyHash, parameters);
    if (stored.kind === 'refused') throw new Error('a row was read whose hash cannot be stored');
    return { id: newId(), username, nameHash: holds.hashOf(username), email, passwordHash: stored.hash, createdAt, legacyId };
  }

  const findTaken = (users: ReadBatch['users']) =>
    repository.findTaken(
      users.map(({ username, legacyId }) => ({ username, nameHash: holds.hashOf(username), legacyId })),
      new Date(now()),
    );

  const bySource = (users: ReadBatch['users'], refused: readonly RefusedAccount[]): RefusedRow[] =>
    refused.flatMap(({ index, reason }) => {
      const user = users[index];
      return user === undefined ? [] : [{ line: user.line, username: user.username, reasons: [reason] }];
    });

  return {
    async survey(rows) {
      let count = 0;
      let highestLegacyId = 0;
      for await (const row of rows) {
        count += 1;
        const read = row.kind === 'fields' ? readUser(row.fields, now()) : null;
        if (read?.kind === 'user') highestLegacyId = Math.max(highestLegacyId, read.user.legacyId ?? 0);
      }
      return { rows: count, highestLegacyId };
    },

    done: (fingerprint) => repository.rowsDone(fingerprint),

    async run({ fingerprint, highestLegacyId, rows, onRefused, onProgress, signal }) {
      if (highestLegacyId > 0) await repository.reserveLegacyIds(highestLegacyId);
      let done = await repository.rowsDone(fingerprint);
      const totals = { rows: done, imported: 0, refused: 0 };
      for await (const batch of batches(rows, done)) {
        const accounts = await Promise.all(batch.users.map(toAccount));
        await repository.add({
          accounts,
          progress: { file: fingerprint, from: done, to: done + batch.rows },
          at: new Date(now()),
          toAudit: (accountId) => toAuditRow({ action: 'IMPORTED', accountId }, now),
          onRefused(refused) {
            const all = [...batch.refused, ...bySource(batch.users, refused)].sort((a, b) => a.line - b.line);
            totals.refused += all.length;
            totals.imported += batch.rows - all.length;
            onRefused(all);
          },
        });
        done += batch.rows;
        totals.rows = done;
        onProgress({ ...totals });
        if (signal?.aborted === true) break;
      }
      return { ...totals };
    },

    async tryOut({ rows, onRefused, onProgress, signal }) {
      const totals = { rows: 0, imported: 0, refused: 0 };
      const seenNames = new Set<string>();
      const seenNumbers = new Set<number>();
      for await (const batch of batches(rows, 0)) {
        const taken = new Map((await findTaken(batch.users)).map(({ index, reason }) => [index, reason]));
        const refused: RefusedAccount[] = [];
        for (const [index, { username, legacyId }] of batch.users.entries()) {
          const isRepeated = seenNames.has(username.toLowerCase()) || (legacyId !== null && seenNumbers.has(legacyId));
          const reason = taken.get(index) ?? (isRepeated ? 'An earlier row has this username or legacy_id.' : undefined);
          if (reason !== undefined) refused.push({ index, reason });
          seenNames.add(username.toLowerCase());
          if (legacyId !== null) seenNumbers.add(legacyId);
        }
        const all = [...batch.refused, ...bySource(batch.users, refused)].sort((a, b) => a.line - b.line);
        onRefused(all);
        totals.rows += batch.rows;
        totals.refused += all.length;
        totals.imported += batch.rows - all.length;
        onProgress({ ...totals });
        if (signal?.aborted === true) break;
      }
      return { ...totals };
    },
  };
}
