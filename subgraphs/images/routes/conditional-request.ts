import type { IncomingHttpHeaders } from 'node:http';
import type { ByteRange } from '../../../shared/objects/object-store.js';

export type RequestedPart =
  /** Also of several ranges at once, which a server may answer as a whole. */
  { readonly kind: 'Whole' } | { readonly kind: 'Part'; readonly range: ByteRange } | { readonly kind: 'NotSatisfiable' };

/** RFC 9110, 13.1.2: weak comparison against a list of tags, or any. `etag` is without quotes. */
export function isKnown(headers: IncomingHttpHeaders, etag: string): boolean {
  const tags = headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags?.some((tag) => tag === '*' || tag === `"${etag}"`) ?? false;
}

/** RFC 9110, 14.2, of a representation of `size` bytes. What it does not understand it ignores, as told there. */
export function requestedPart(headers: IncomingHttpHeaders, { etag, size }: { etag: string; size: number }): RequestedPart {
  // 13.1.5: strong comparison. A date matches nothing, since we send none.
  const ifRange = headers['if-range'];
  if (ifRange !== undefined && ifRange !== `"${etag}"`) return { kind: 'Whole' };
  const [, first, last] = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(headers.range ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return { kind: 'Whole' };

  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? { kind: 'NotSatisfiable' } : { kind: 'Part', range: { start: size - length, end: size - 1 } };
  }
  const start = Number(first);
  const end = last === '' ? Infinity : Number(last);
  if (end < start) return { kind: 'Whole' };
  if (start >= size) return { kind: 'NotSatisfiable' };
  return { kind: 'Part', range: { start, end: Math.min(end, size - 1) } };
}
