import { appendFileSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { WriteStream } from 'node:tty';
import { parseArgs } from 'node:util';
import { fingerprintOf, formatOf, readRows, type SourceFormat } from '../services/import/source-rows.js';
import type { ImportTotals, UserImport } from '../services/import/user-import.js';
import { createProgress } from './progress.js';

export const importHelp = `npm run import-users -- <file.csv|file.jsonl> [--dry-run] [--report <file>]

Imports the users of another system with their password hashes. Run it again after a break: it goes on where it ended.

  <file>           CSV with a header line, or one JSON object per line (.jsonl, .ndjson). Columns:
                     username       3 to 24 letters, digits and "_", a letter first
                     email          may be missing; counts as not verified
                     password_hash  bcrypt, argon2, scrypt, werkzeug's pbkdf2 and scrypt, or the old auth service's hex
                     created_at     ISO 8601; may be missing
                     legacy_id      the number in the old system; may be missing
  --dry-run        says what would be refused, and changes nothing
  --report <file>  where refused rows are written, one JSON object per line; by default <file>.refused.jsonl
  --help           prints this

The users go into the database at AUTH_DATABASE_URL or, when that is not set, into the embedded one in DATA_DIR (.data), whose
server must be stopped meanwhile. More in docs/importing-users.md.`;

/** Something that the person at the keyboard has to put right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface ImportRequest {
  readonly file: string;
  readonly format: SourceFormat;
  readonly report: string;
  readonly isDryRun: boolean;
}

/** Reads the arguments of the command; files are relative to `folder`. Null asks for the help. Throws `UsageError`. */
export function readImportRequest(given: readonly string[], folder: string): ImportRequest | null {
  const { values, positionals } = parse(given);
  if (values.help) return null;
  const [name] = positionals;
  if (name === undefined || positionals.length > 1) throw new UsageError(`Name one file.\n\n${importHelp}`);
  const file = resolve(folder, name);
  const format = formatOf(file);
  if (format === null) throw new UsageError('The name of the file must end in .csv, .jsonl or .ndjson.');
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) throw new UsageError(`There is no file ${file}.`);
  return { file, format, report: resolve(folder, values.report ?? `${name}.refused.jsonl`), isDryRun: values['dry-run'] };
}

function parse(given: readonly string[]) {
  try {
    return parseArgs({
      args: [...given],
      allowPositionals: true,
      options: {
        'dry-run': { type: 'boolean', default: false },
        report: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${importHelp}`);
  }
}

export interface ImportSurroundings {
  readonly users: UserImport;
  readonly output: Pick<WriteStream, 'isTTY' | 'write'>;
  /** Ends the import after the batch under way. */
  readonly signal: AbortSignal;
}

/** Imports, or tries out; shows its progress on `output` and answers what is to be said in the end. */
export async function importUsers(
  { file, format, report, isDryRun }: ImportRequest,
  { users, output, signal }: ImportSurroundings,
): Promise<string> {
  const fingerprint = await fingerprintOf(file);
  const survey = await users.survey(readRows(file, format));
  const done = isDryRun ? 0 : await users.done(fingerprint);
  if (done > 0 && done >= survey.rows) return `All ${count(done)} rows of this file have been imported already.`;
  if (done > 0) output.write(`${count(done)} of ${count(survey.rows)} rows are done already; going on after them.\n`);

  // Names and addresses of people: for their owner alone.
  if (done === 0 || !existsSync(report)) writeFileSync(report, '', { mode: 0o600 });
  const progress = createProgress({ total: survey.rows, from: done, stream: output });
  const work = {
    rows: readRows(file, format),
    signal,
    onProgress: (totals: ImportTotals) => progress.show(totals),
    onRefused: (rows: readonly object[]) => appendFileSync(report, rows.map((row) => `${JSON.stringify(row)}\n`).join('')),
  };
  const totals = isDryRun ? await users.tryOut(work) : await users.run({ ...work, highestLegacyId: survey.highestLegacyId, fingerprint });
  progress.end();
  return [
    ...(totals.rows < survey.rows ? [`Stopped after ${count(totals.rows)} of ${count(survey.rows)} rows; run it again to go on.`] : []),
    `${isDryRun ? 'Would import' : 'Imported'} ${count(totals.imported)}, ${isDryRun ? 'would refuse' : 'refused'} ${count(totals.refused)}.`,
    ...(totals.refused > 0 ? [`Refused rows and why: ${report}`] : []),
  ].join('\n');
}

function count(rows: number): string {
  return rows.toLocaleString('en');
}
