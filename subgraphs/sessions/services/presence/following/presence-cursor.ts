import { createHash } from 'node:crypto';
import { changesKeptMs } from '../../../presence/presence.js';
import type { PresenceMoment } from '../presence-store.js';
import { createVarintReader, writeVarint } from './varint.js';

const format = 1;
const epochBytes = 6;
const requestBytes = 4;
const headerBytes = 1 + epochBytes + requestBytes;
/** How far the clocks of two processes may be apart, in ms. */
export const clockMarginMs = 30_000;
/** Far more than 64 shards take; what is longer was not made here. In characters. */
const longest = 2_048;

export interface CursorContent {
  readonly moment: PresenceMoment;
  /** In ms since the epoch. */
  readonly issuedAt: number;
  /** Names whom the subscription follows, see `hashRequest`. */
  readonly requestHash: string;
}

export type DecodedCursor =
  | { readonly kind: 'Moment'; readonly moment: PresenceMoment; readonly issuedAt: number }
  | { readonly kind: 'TooOld' }
  /** It belongs to a subscription that follows others: what its client knows is not what this one asks for. */
  | { readonly kind: 'OtherRequest' }
  /** Nobody has given it out. */
  | { readonly kind: 'Unreadable' }
  /** It is of another epoch: the server has lost track, and the client starts anew. */
  | { readonly kind: 'Unknown' };

/** The same for requests that follow the same, in whatever order their ids come. */
export function hashRequest({ friends, userIds }: { readonly friends: boolean; readonly userIds: Iterable<string> }): string {
  const ids = [...userIds].sort();
  return hash(JSON.stringify([friends, ids]), requestBytes).toString('hex');
}

/**
 * What a client gives back to resume: the format, a hash of the epoch and of the request, when it was issued, and the offsets of the shards
 * in runs (how many shards are left out, how many follow, their offsets), as varints. A handful of characters for a single shard, some 300
 * for 64 of them.
 */
export function encodeCursor({ moment, issuedAt, requestHash }: CursorContent): string {
  const bytes = [format, ...hash(moment.epoch, epochBytes), ...Buffer.from(requestHash, 'hex')];
  writeVarint(bytes, issuedAt);
  let next = 0;
  for (const run of runsOf(moment.offsets)) {
    writeVarint(bytes, run.first - next);
    writeVarint(bytes, run.offsets.length);
    for (const offset of run.offsets) writeVarint(bytes, offset);
    next = run.first + run.offsets.length;
  }
  return Buffer.from(bytes).toString('base64url');
}

/** The moment of a cursor, if it can be resumed by this request at `now` in this epoch. */
export function decodeCursor(
  cursor: string,
  { epoch, requestHash, now }: { readonly epoch: string; readonly requestHash: string; readonly now: number },
): DecodedCursor {
  if (cursor.length > longest) return { kind: 'Unreadable' };
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.length <= headerBytes || bytes[0] !== format) return { kind: 'Unreadable' };
  const content = readContent(bytes.subarray(headerBytes));
  if (content === undefined) return { kind: 'Unreadable' };
  if (content.issuedAt < now - changesKeptMs) return { kind: 'TooOld' };
  // Made by a process whose clock is ahead: nobody knows how old it is.
  if (content.issuedAt > now + clockMarginMs) return { kind: 'TooOld' };
  if (!bytes.subarray(1, 1 + epochBytes).equals(hash(epoch, epochBytes))) return { kind: 'Unknown' };
  if (bytes.subarray(1 + epochBytes, headerBytes).toString('hex') !== requestHash) return { kind: 'OtherRequest' };
  return { kind: 'Moment', moment: { epoch, offsets: content.offsets }, issuedAt: Math.min(content.issuedAt, now) };
}

function readContent(bytes: Uint8Array): { readonly issuedAt: number; readonly offsets: ReadonlyMap<number, number> } | undefined {
  const reader = createVarintReader(bytes);
  const issuedAt = reader.read();
  const offsets = new Map<number, number>();
  for (let shard = 0; !reader.isAtEnd();) {
    const [gap, length] = [reader.read(), reader.read()];
    // A run holds a byte for each shard at the least.
    if (gap === undefined || length === undefined || length > bytes.length) return undefined;
    shard += gap;
    for (const end = shard + length; shard < end; shard += 1) {
      const offset = reader.read();
      if (offset === undefined) return undefined;
      offsets.set(shard, offset);
    }
  }
  return issuedAt === undefined ? undefined : { issuedAt, offsets };
}

function runsOf(offsets: ReadonlyMap<number, number>): readonly { readonly first: number; readonly offsets: readonly number[] }[] {
  const runs: { readonly first: number; readonly offsets: number[] }[] = [];
  for (const [shard, offset] of [...offsets].sort(([a], [b]) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.offsets.length === shard) last.offsets.push(offset);
    else runs.push({ first: shard, offsets: [offset] });
  }
  return runs;
}

function hash(text: string, bytes: number): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, bytes);
}
