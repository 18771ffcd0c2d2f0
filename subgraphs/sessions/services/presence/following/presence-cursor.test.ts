import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeCursor, encodeCursor, hashRequest } from './presence-cursor.js';

const now = Date.UTC(2026, 10, 21, 12);
const requestHash = hashRequest({ friends: true, userIds: [] });
const reader = { epoch: 'e', requestHash, now };
const moment = { epoch: 'e', offsets: new Map([[0, 7]]) };
const cursor = encodeCursor({ moment, issuedAt: now, requestHash });

describe('A presence cursor', () => {
  it('P7: is good for 120 s, not a ms more', () => {
    expect(decodeCursor(cursor, { ...reader, now: now + 120_000 }).kind).toBe('Moment');
    expect(decodeCursor(cursor, { ...reader, now: now + 120_001 }).kind).toBe('TooOld');
  });

  it('P7: is good for the request that it was made for, whatever the order of its ids', () => {
    const ids = ['ada', 'bob', 'eve'];
    const hash = hashRequest({ friends: false, userIds: ids });
    expect(hashRequest({ friends: false, userIds: ids.toReversed() })).toBe(hash);
    const others = [
      { friends: true, userIds: ids },
      { friends: false, userIds: ['ada', 'bob'] },
      { friends: false, userIds: ['ada', 'bob eve'] },
    ];
    const made = encodeCursor({ moment, issuedAt: now, requestHash: hash });
    for (const other of others) expect(decodeCursor(made, { ...reader, requestHash: hashRequest(other) }).kind).toBe('OtherRequest');
  });

  it('P7: is of one epoch', () => {
    expect(decodeCursor(cursor, { ...reader, epoch: 'f' }).kind).toBe('Unknown');
  });

  it('claims no time after now, so that no change of relation can be skipped by it', () => {
    const madeAt = (issuedAt: number) => decodeCursor(encodeCursor({ moment, issuedAt, requestHash }), reader);
    expect(madeAt(now + 30_000)).toMatchObject({ kind: 'Moment', issuedAt: now });
    expect(madeAt(now + 30_001)).toEqual({ kind: 'TooOld' });
    expect(madeAt(Number.MAX_SAFE_INTEGER)).toEqual({ kind: 'TooOld' });
  });

  it('cannot be read when anything else was sent', () => {
    for (const text of ['', 'x', 'x'.repeat(2_048), 'x'.repeat(2_049), cursor.slice(0, 18), '=', '💥'.repeat(20)]) {
      expect(decodeCursor(text, reader).kind).toBe('Unreadable');
    }
    fc.assert(fc.property(fc.base64String(), (text) => ['Unreadable', 'Unknown', 'TooOld'].includes(decodeCursor(text, reader).kind)));
    // Any prefix, and any cursor with a byte changed, is read or refused; none throws.
    const bytes = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(bytes, fc.nat(30), (tail, cut) => {
        const broken = Buffer.concat([Buffer.from(cursor, 'base64url').subarray(0, cut), tail]).toString('base64url');
        expect(() => decodeCursor(broken, reader)).not.toThrow();
      }),
    );
  });

  it('comes back as it was made, for any shards and offsets', () => {
    const offsets = fc.uniqueArray(fc.tuple(fc.nat(63), fc.maxSafeNat()), { selector: ([shard]) => shard });
    fc.assert(
      fc.property(offsets, fc.integer({ min: now - 120_000, max: now }), (given, issuedAt) => {
        const made = encodeCursor({ moment: { epoch: 'e', offsets: new Map(given) }, issuedAt, requestHash });
        const read = decodeCursor(made, reader);
        expect(read).toEqual({ kind: 'Moment', issuedAt, moment: { epoch: 'e', offsets: new Map(given.toSorted(([a], [b]) => a - b)) } });
      }),
    );
  });

  it('is short: some 30 characters for one shard, some 300 for 64', () => {
    expect(cursor.length).toBeLessThanOrEqual(30);
    const all = new Map(Array.from({ length: 64 }, (_, shard) => [shard, 1_000_000 + shard]));
    expect(encodeCursor({ moment: { epoch: 'e', offsets: all }, issuedAt: now, requestHash }).length).toBeLessThanOrEqual(300);
  });
});
