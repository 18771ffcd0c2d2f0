import { findEmailProblem } from '../accounts/email.js';
import { findUsernameProblem } from '../accounts/username.js';
import { parseLegacyHash } from '../passwords/legacy-hash.js';
import type { Column } from './source-rows.js';

/** A user as another system kept them. */
export interface ImportedUser {
  readonly username: string;
  readonly email: string | null;
  /** As the other system wrote it. */
  readonly legacyHash: string;
  readonly createdAt: Date;
  /** The number that clients of the old services know the user by; null to get the next free one. */
  readonly legacyId: number | null;
}

export type ReadUser =
  { readonly kind: 'user'; readonly user: ImportedUser } | { readonly kind: 'refused'; readonly reasons: readonly string[] };

/** Leaves room for those who register afterwards: the next number is the highest one plus one. */
const highestLegacyId = 2_000_000_000;

/** The user of a row, or everything that is wrong with it. Reasons never quote the hash. */
export function readUser(fields: ReadonlyMap<Column, string>, now: number): ReadUser {
  const username = fields.get('username') ?? '';
  const email = fields.get('email') ?? null;
  const legacyHash = fields.get('password_hash') ?? '';
  const createdAt = readTime(fields.get('created_at'), now);
  const legacyId = readLegacyId(fields.get('legacy_id'));
  const hash = parseLegacyHash(legacyHash);
  const reasons = [
    findUsernameProblem(username)?.message,
    email === null ? undefined : findEmailProblem(email)?.message,
    legacyHash === '' ? 'There is no password_hash.' : hash.kind === 'refused' ? `The password_hash: ${hash.reason}.` : undefined,
    createdAt === undefined ? 'created_at is not a past time in ISO 8601, such as 2019-05-31T12:00:00Z.' : undefined,
    legacyId === undefined ? `legacy_id is not a whole number from 1 to ${String(highestLegacyId)}.` : undefined,
  ].filter((reason) => reason !== undefined);
  if (reasons.length > 0 || createdAt === undefined || legacyId === undefined) return { kind: 'refused', reasons };
  return { kind: 'user', user: { username, email, legacyHash, createdAt, legacyId } };
}

/** Also as databases write it, with a blank between date and time. Without a zone it is UTC. */
function readTime(text: string | undefined, now: number): Date | undefined {
  if (text === undefined) return new Date(now);
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?))? ?(Z|[+-]\d\d(?::?\d\d)?)?$/i.exec(text);
  const [, date, time = '00:00', zone = 'Z'] = match ?? [];
  if (date === undefined) return undefined;
  const fullZone = /^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
  const at = new Date(`${date}T${time.replace(/(\.\d{3})\d+$/, '$1')}${fullZone.toUpperCase()}`);
  return Number.isNaN(at.getTime()) || at.getTime() > now || at.getUTCFullYear() < 1970 ? undefined : at;
}

function readLegacyId(text: string | undefined): number | null | undefined {
  if (text === undefined) return null;
  const id = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return id >= 1 && id <= highestLegacyId ? id : undefined;
}
