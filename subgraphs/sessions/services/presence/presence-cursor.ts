import { changesKeptMs } from '../../presence/presence.js';
import type { PresenceMoment } from './presence-store.js';

const format = /^([\w-]{1,64})\.(\d{1,15})\.(\d{1,15})$/;

/** The cursor that a client gives back to resume after `moment`. `issuedAt` is in ms since the epoch. */
export function encodeCursor({ epoch, position }: PresenceMoment, issuedAt: number): string {
  return Buffer.from(`${epoch}.${position}.${issuedAt}`).toString('base64url');
}

/** The moment of a cursor. One that cannot be read is as good as one of another epoch: the client starts anew. */
export function decodeCursor(
  cursor: string,
  now: number,
): { kind: 'Moment'; moment: PresenceMoment } | { kind: 'TooOld' } | { kind: 'Unknown' } {
  if (cursor.length > 256) return { kind: 'Unknown' };
  const [, epoch, position, issuedAt] = format.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  if (epoch === undefined || position === undefined || issuedAt === undefined) return { kind: 'Unknown' };
  if (Number(issuedAt) < now - changesKeptMs) return { kind: 'TooOld' };
  return { kind: 'Moment', moment: { epoch, position: Number(position) } };
}
