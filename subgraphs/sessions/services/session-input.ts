import type { FieldProblem } from '../../../shared/errors/invalid-input.js';

/** Of the JSON text in UTF-8, in bytes. */
const dataLimit = 16 * 1024;
/** An array or object in no other is one level. */
const levelLimit = 32;
/** In characters (code points). */
const deviceLimit = 64;

/** What no database keeps in a text (NUL), and no UTF-8 (half a surrogate pair). */
const impossible = /\0|\p{Surrogate}/u;
/** Control characters, line breaks, and what turns the direction of the text after it. */
const control = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

export type ParsedField<Value> =
  { readonly kind: 'Valid'; readonly value: Value } | { readonly kind: 'Invalid'; readonly problem: FieldProblem };

/** The text of the JSON value `data`, as the database takes it; null clears, undefined stays what it is. */
export function parseSessionData(data: unknown): ParsedField<string | null | undefined> {
  if (data === null || data === undefined) return { kind: 'Valid', value: data };
  const found = findDataProblem(data);
  if (found !== null) return invalid('data', ...found);
  return { kind: 'Valid', value: JSON.stringify(data) };
}

/** The name of the device without spaces around it; null and an empty name clear it, undefined stays what it is. */
export function parseDevice(device: string | null | undefined): ParsedField<string | null | undefined> {
  if (device === null || device === undefined) return { kind: 'Valid', value: device };
  const name = device.trim();
  if (control.test(name) || impossible.test(name)) {
    return invalid('device', 'INVALID_CHARACTER', 'The name of a device may have no control characters and no line breaks.');
  }
  // The cheap length first: it is never smaller than the count of code points.
  if (name.length > 2 * deviceLimit || Array.from(name).length > deviceLimit) {
    return invalid('device', 'TOO_LONG', `The name of a device may have at most ${deviceLimit} characters.`);
  }
  return { kind: 'Valid', value: name === '' ? null : name };
}

/** Code and message of the first rule that the value breaks. Looks at no more of it than the limits allow, whatever its size. */
function findDataProblem(data: unknown): readonly [code: string, message: string] | null {
  let size = 0;
  const open: { readonly value: unknown; readonly level: number }[] = [{ value: data, level: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value } = next;
    if (typeof value === 'object' && value !== null) {
      const level = next.level + 1;
      if (level > levelLimit) return ['TOO_DEEP', `"data" may be at most ${levelLimit} levels deep.`];
      const isArray = Array.isArray(value);
      const entries = isArray ? value.map((item: unknown) => ['', item] as const) : Object.entries(value);
      size += 2 + Math.max(0, entries.length - 1);
      for (const [key, item] of entries) {
        if (!isArray) {
          if (impossible.test(key)) return impossibleText;
          size += sizeOf(key) + 1;
        }
        open.push({ value: item, level });
      }
    } else {
      if (typeof value === 'string' && impossible.test(value)) return impossibleText;
      if (typeof value === 'number' && !Number.isFinite(value)) return ['OUT_OF_RANGE', 'A number in "data" is too large.'];
      size += typeof value === 'number' ? writtenOut(value) : sizeOf(value);
    }
    if (size > dataLimit)
      return ['TOO_LONG', `"data" may have at most ${dataLimit / 1024} KiB as JSON text in UTF-8, numbers written out.`];
  }
  return null;
}

const impossibleText = ['INVALID_CHARACTER', '"data" holds a character that no text may hold.'] as const;

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** The database writes numbers out: what JSON says in five characters, 1e300, comes back from there in 301. */
function writtenOut(value: number): number {
  const text = JSON.stringify(value);
  const exponent = /e([+-]\d+)$/.exec(text)?.[1];
  return text.length + (exponent === undefined ? 0 : Math.abs(Number(exponent)));
}

function invalid(path: string, code: string, message: string): { kind: 'Invalid'; problem: FieldProblem } {
  return { kind: 'Invalid', problem: { path, code, message } };
}
