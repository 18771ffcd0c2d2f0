import { createReadStream } from 'node:fs';
import { createHash } from 'node:crypto';
import { parse, type Info } from 'csv-parse';

const columns = ['username', 'email', 'password_hash', 'created_at', 'legacy_id'] as const;
export type Column = (typeof columns)[number];
const requiredColumns: readonly Column[] = ['username', 'password_hash'];

export type SourceFormat = 'csv' | 'jsonl';

/** A row as it stands in the file; a field that is missing or empty is not there. */
export type SourceRow = { readonly line: number } & (
  { readonly kind: 'fields'; readonly fields: ReadonlyMap<Column, string> } | { readonly kind: 'unreadable'; readonly reason: string }
);

/** The file as a whole cannot be read as what it says it is. Its message is for the person who gave it. */
export class UnreadableFileError extends Error {
  override readonly name = 'UnreadableFileError';
}

/** In bytes: more than any user needs, little enough that a missing quotation mark does not pull the whole file into memory. */
const maximumRow = 65_536;

/** By its name: `.csv`, `.jsonl` or `.ndjson`; null for others. */
export function formatOf(file: string): SourceFormat | null {
  if (/\.csv$/i.test(file)) return 'csv';
  return /\.(jsonl|ndjson)$/i.test(file) ? 'jsonl' : null;
}

/** The rows of the file, one after the other, with never more than a few in memory. Throws `UnreadableFileError`. */
export function readRows(file: string, format: SourceFormat): AsyncGenerator<SourceRow> {
  return format === 'csv' ? readCsv(file) : readJsonLines(file);
}

/** SHA-256, hex: by this an import knows the file again. */
export async function fingerprintOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function* readCsv(file: string): AsyncGenerator<SourceRow> {
  const source = createReadStream(file);
  const parser = source.pipe(
    parse({ bom: true, info: true, relax_column_count: true, skip_empty_lines: true, max_record_size: maximumRow, trim: true }),
  );
  source.on('error', (error) => parser.destroy(error));
  let header: readonly Column[] | null = null;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: readonly string[]; info: Info }>) {
      if (header === null) {
        header = readHeader(record);
      } else if (record.length === header.length) {
        yield { line: info.lines, kind: 'fields', fields: new Map(header.flatMap((name, index) => field(name, record[index]))) };
      } else {
        const reason = `it has ${String(record.length)} columns instead of ${String(header.length)}`;
        yield { line: info.lines, kind: 'unreadable', reason };
      }
    }
  } catch (error) {
    throw isCsvError(error) ? new UnreadableFileError(`${file} is not well-formed CSV: ${error.message}`) : error;
  } finally {
    source.destroy();
  }
  if (header === null) throw new UnreadableFileError(`${file} is empty.`);
}

function readHeader(names: readonly string[]): readonly Column[] {
  const header = names.map((name) => name.toLowerCase());
  const known = header.filter(isColumn);
  const unknown = header.filter((name) => !isColumn(name));
  const missing = requiredColumns.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new UnreadableFileError(`The columns ${unknown.join(', ')} are not known; known are ${columns.join(', ')}.`);
  if (missing.length > 0)
    throw new UnreadableFileError(`The first line must name the columns; ${missing.join(' and ')} is not among them.`);
  if (new Set(known).size < known.length) throw new UnreadableFileError('A column stands in the first line twice.');
  return known;
}

async function* readJsonLines(file: string): AsyncGenerator<SourceRow> {
  let line = 0;
  for await (const text of readLines(file)) {
    line += 1;
    if (text.trim() !== '') yield { line, ...readObject(text.replace(/^\uFEFF/, '')) };
  }
}

/** Not `node:readline`, which keeps a line in memory however long it is. */
async function* readLines(file: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(file, 'utf8')) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maximumRow)
      throw new UnreadableFileError(`A line of ${file} is longer than any user: is this one JSON object per line?`);
    yield* lines;
  }
  yield rest;
}

function readObject(text: string): { kind: 'fields'; fields: ReadonlyMap<Column, string> } | { kind: 'unreadable'; reason: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'unreadable', reason: 'it is not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'unreadable', reason: 'it is not a JSON object' };
  const fields = new Map<Column, string>();
  for (const [name, content] of Object.entries(value) as [string, unknown][]) {
    if (!isColumn(name)) return { kind: 'unreadable', reason: `the field ${JSON.stringify(name.slice(0, 50))} is not known` };
    if (content === null) continue;
    if (typeof content !== 'string' && typeof content !== 'number')
      return { kind: 'unreadable', reason: `${name} is neither text nor a number` };
    for (const [, cell] of field(name, String(content))) fields.set(name, cell);
  }
  return { kind: 'fields', fields };
}

function field(name: Column, content: string | undefined): [Column, string][] {
  return content === undefined || content.trim() === '' ? [] : [[name, content.trim()]];
}

function isColumn(name: string): name is Column {
  return columns.some((column) => column === name);
}

function isCsvError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('CSV_');
}
