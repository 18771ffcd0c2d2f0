import type { Role } from '../../../shared/auth/role.js';
import type { DomainEvent } from '../../../shared/events/event-bus.js';
import { toOutboxRow } from '../../../shared/events/outbox/outbox.js';
import type { RawDatabase } from '../../../shared/database/raw-database.js';
import { Prisma } from '../__generated__/prisma/client.js';
import { passwordKind } from './account-repository.js';
import type { AuthTransaction } from './prisma.js';
import type { NewRefreshFamily } from './refresh-family-repository.js';
import type { Traces } from './traces.js';

/** A session that begins, with all that is written along with it. */
export interface NewSession extends Traces {
  readonly family: NewRefreshFamily;
  /** What its access token says: a sign-in that is overtaken by the loss of a role is void. */
  readonly roles: readonly Role[];
  readonly events: readonly DomainEvent[];
  /** Where from, and what is written when the account has been signed in to from other places only. */
  readonly place: { readonly hash: string; readonly ifNew: Traces };
}

export interface SessionConditions {
  /** The hash that a password was checked against: a sign-in that is overtaken by a change of the password is void. */
  readonly passwordHash?: string | undefined;
  /** Whether an account with a second factor is refused. */
  readonly isFirstFactorAlone: boolean;
  /** Whether a place that is neither known nor the account's first is refused: for whoever has not written its mails yet. */
  readonly isNewPlaceRefused?: boolean;
}

/** `void` when the account is disabled or gone, has lost a role or has another password by now; nothing has changed then. */
export type SessionStart =
  | { readonly kind: 'started'; /** Not the account's first one. */ readonly isNewPlace: boolean }
  | { readonly kind: 'second-factor' | 'new-place' | 'void' };

interface Row {
  readonly accounts: number;
  readonly sufficient: number;
  readonly started: number;
  readonly new_places: number;
}

/**
 * Starts a session, or writes nothing, in one statement: a sign-in that asks the database eight times, with a transaction around it, costs
 * a third as much again as the hash of its password (docs/adr/0009). Lists go as JSON, which both drivers bind the same way.
 */
export async function startSession(
  database: Pick<RawDatabase, '$queryRawUnsafe'>,
  { family, roles, events, audit, mails, place }: NewSession,
  { passwordHash, isFirstFactorAlone, isNewPlaceRefused = false }: SessionConditions,
): Promise<SessionStart> {
  const at = family.createdAt.toISOString();
  const { text, values } = Prisma.sql`
    WITH account AS (${accountInOrder(family.accountId, passwordHash, roles)}),
    sufficient AS (SELECT id FROM account ${isFirstFactorAlone ? withoutSecondFactor : Prisma.empty}),
    good AS (SELECT id FROM sufficient ${isNewPlaceRefused ? withoutNewPlace(place.hash) : Prisma.empty}),
    family AS (
      INSERT INTO auth.refresh_family (id, account_id, device, amr, created_at, last_used_at, expires_at)
      SELECT ${family.id}::uuid, id, ${family.device}::text, ARRAY(SELECT jsonb_array_elements_text(${JSON.stringify(family.amr)}::jsonb)),
        ${at}::timestamptz, ${at}::timestamptz, ${family.expiresAt.toISOString()}::timestamptz
      FROM good
    ),
    token AS (
      INSERT INTO auth.refresh_token (hash, family_id, generation, created_at)
      SELECT ${family.tokenHash}, ${family.id}::uuid, 1, ${at}::timestamptz FROM good
    ),
    -- Of two sign-ins from one new place at once, one has it as new: a row that is updated has a transaction in xmax, a new one has none.
    place AS (
      INSERT INTO auth.known_device (account_id, hash, first_at, last_at)
      SELECT id, ${place.hash}, ${at}::timestamptz, ${at}::timestamptz FROM good
      -- To a day: what is forgotten after months need not be written, with its index, at every sign-in.
      ON CONFLICT (account_id, hash) DO UPDATE SET last_at = excluded.last_at
        WHERE known_device.last_at < excluded.last_at - interval '1 day'
      RETURNING account_id, hash, xmax = 0 AS is_added
    ),
    new_place AS (
      SELECT 1 FROM place WHERE is_added
        AND EXISTS (SELECT 1 FROM auth.known_device AS other WHERE other.account_id = place.account_id AND other.hash <> place.hash)
    ),
    announced AS (
      INSERT INTO auth.outbox_event (id, type, key, payload, occurred_at)
      SELECT event.id, event.type, event.key, event.payload, event."occurredAt" FROM good,
        jsonb_to_recordset(${JSON.stringify(events.map(toOutboxRow))}::jsonb)
          AS event (id uuid, type text, key text, payload jsonb, "occurredAt" timestamptz)
    ),
    audited AS (
      INSERT INTO auth.audit_event (id, action, occurred_at, account_id, actor_id, session_id, details)
      SELECT entry.id, entry.action, entry."occurredAt", entry."accountId", entry."actorId", entry."sessionId", entry.details FROM good,
        jsonb_to_recordset(${writtenWhen(audit, place.ifNew.audit)}::jsonb)
          AS entry (id uuid, action text, "occurredAt" timestamptz, "accountId" uuid, "actorId" uuid, "sessionId" uuid, details jsonb,
            "isForNewPlace" boolean)
      WHERE NOT entry."isForNewPlace" OR EXISTS (SELECT 1 FROM new_place)
    ),
    mailed AS (
      INSERT INTO auth.mail (id, content, created_at, due_at)
      SELECT mail.id, mail.content, mail."createdAt", mail."dueAt" FROM good,
        jsonb_to_recordset(${writtenWhen(mails, place.ifNew.mails)}::jsonb)
          AS mail (id uuid, content text, "createdAt" timestamptz, "dueAt" timestamptz, "isForNewPlace" boolean)
      WHERE NOT mail."isForNewPlace" OR EXISTS (SELECT 1 FROM new_place)
    )
    SELECT (SELECT count(*) FROM account)::int AS accounts, (SELECT count(*) FROM sufficient)::int AS sufficient,
      (SELECT count(*) FROM good)::int AS started,      (SELECT count(*) FROM new_place)::int AS new_places`;
  const [row] = await database.$queryRawUnsafe<Row[]>(text, ...values);
  if (row === undefined || row.accounts === 0) return { kind: 'void' };
  if (row.sufficient === 0) return { kind: 'second-factor' };
  return row.started === 0 ? { kind: 'new-place' } : { kind: 'started', isNewPlace: row.new_places > 0 };
}

/**
 * Whether the account is in order and its password still the one that was checked. The shared lock makes a sign-in and the disabling of its
 * account, or a change of its password, take turns: nothing that it opens outlives the sweep of them.
 */
export async function isInOrder(tx: AuthTransaction, accountId: string, passwordHash: string | undefined): Promise<boolean> {
  return (await tx.$queryRaw<unknown[]>(accountInOrder(accountId, passwordHash, []))).length > 0;
}

// The credential is joined, not looked up in a condition: its row is locked too, and looked at again after a wait for the lock.
function accountInOrder(accountId: string, passwordHash: string | undefined, roles: readonly Role[]): Prisma.Sql {
  const hasRoles = Prisma.sql`roles @> ARRAY(SELECT jsonb_array_elements_text(${JSON.stringify(roles)}::jsonb))`;
  return passwordHash === undefined
    ? Prisma.sql`SELECT id FROM auth.account WHERE id = ${accountId}::uuid AND disabled_at IS NULL AND ${hasRoles} FOR SHARE`
    : Prisma.sql`
        SELECT id FROM auth.account JOIN auth.credential ON account_id = id AND kind = ${passwordKind} AND secret = ${passwordHash}
        WHERE id = ${accountId}::uuid AND disabled_at IS NULL AND ${hasRoles} FOR SHARE`;
}

const withoutSecondFactor = Prisma.sql`
  WHERE NOT EXISTS (SELECT 1 FROM auth.totp WHERE account_id = account.id AND confirmed_at IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM auth.passkey WHERE account_id = account.id)`;

const withoutNewPlace = (hash: string) => Prisma.sql`
  WHERE EXISTS (SELECT 1 FROM auth.known_device WHERE account_id = sufficient.id AND hash = ${hash})
    OR NOT EXISTS (SELECT 1 FROM auth.known_device WHERE account_id = sufficient.id)`;

function writtenWhen(always: readonly object[], ifNewPlace: readonly object[]): string {
  return JSON.stringify([
    ...always.map((row) => ({ ...row, isForNewPlace: false })),
    ...ifNewPlace.map((row) => ({ ...row, isForNewPlace: true })),
  ]);
}
