import { v7 as uuidv7, validate as isUuid } from 'uuid';
import type { Role } from '../../../../shared/auth/role.js';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { AppError, unauthenticated } from '../../../../shared/errors/app-error.js';
import type { TypedDomainEvent } from '../../../../shared/events/domain-events.js';
import { parsePage, toConnection, type PageArguments, type PageRequest } from '../../../../shared/graphql/connection.js';

/** Everything that the audit log tells of. Add to it, never rename or remove one: old rows keep their action for ever. */
export type AuditAction =
  | 'REGISTERED'
  | 'IMPORTED'
  | 'GUEST_CREATED'
  | 'CREDENTIALS_LINKED'
  | 'LOGIN_SUCCEEDED'
  | 'LOGIN_FAILED'
  | 'LOGIN_THROTTLED'
  | 'NEW_DEVICE'
  | 'LOGGED_OUT'
  | 'SESSION_ENDED'
  | 'REFRESH_TOKEN_REUSED'
  | 'REAUTHENTICATION_FAILED'
  | 'PASSWORD_CHANGED'
  | 'PASSWORD_RESET_REQUESTED'
  | 'PASSWORD_RESET'
  | 'EMAIL_CHANGED'
  | 'EMAIL_VERIFICATION_REQUESTED'
  | 'EMAIL_VERIFIED'
  | 'USERNAME_CHANGED'
  | 'MFA_ENABLED'
  | 'MFA_DISABLED'
  | 'MFA_FAILED'
  | 'MFA_LOCKED'
  | 'RECOVERY_CODES_REGENERATED'
  | 'RECOVERY_CODE_USED'
  | 'PASSKEY_ADDED'
  | 'PASSKEY_REMOVED'
  | 'PASSKEY_COUNTER_WENT_BACK'
  | 'USER_DISABLED'
  | 'USER_ENABLED'
  | 'USER_SESSIONS_ENDED'
  | 'IMAGE_REMOVED'
  | 'ROLES_CHANGED'
  | 'ACCOUNT_EXPORTED'
  | 'ACCOUNT_DELETION_SCHEDULED'
  | 'ACCOUNT_DELETION_CANCELLED'
  | 'ACCOUNT_DELETED'
  | 'SIGNING_KEY_ROTATED'
  | 'SIGNING_KEY_REVOKED';

/** Facts of an event: never a password, a token, a code or another secret, nor what somebody typed where one belongs (SECURITY 52). */
export type AuditDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

export interface AuditEntry {
  readonly action: AuditAction;
  /** Whom it happened to; null when there is no such account. */
  readonly accountId?: string | null | undefined;
  /** Who did it; null for the system and for anonymous callers. */
  readonly actorId?: string | null | undefined;
  /** In which session of the actor; null outside any. */
  readonly sessionId?: string | null | undefined;
  readonly details?: AuditDetails | undefined;
}

/** Whom it happened to and who did it, of what the owner of an account does to it in one of its sessions. */
export function byOwner({
  userId,
  sessionId,
}: Pick<Viewer, 'userId' | 'sessionId'>): Pick<AuditEntry, 'accountId' | 'actorId' | 'sessionId'> {
  return { accountId: userId, actorId: userId, sessionId };
}

export interface AuditRow {
  /** A uuid v7: ids in order are events in order. */
  readonly id: string;
  readonly action: string;
  readonly occurredAt: Date;
  readonly accountId: string | null;
  readonly actorId: string | null;
  readonly sessionId: string | null;
  readonly details: Record<string, string | number | boolean | null | string[]>;
}

/** The row of `entry`, for `tx.auditEvent.createMany` in the transaction that makes the change. `now` is in ms since the epoch. */
export function toAuditRow(
  { action, accountId = null, actorId = null, sessionId = null, details = {} }: AuditEntry,
  now: () => number = Date.now,
  newId: () => string = uuidv7,
): AuditRow {
  return {
    id: newId(),
    action,
    occurredAt: new Date(now()),
    accountId,
    actorId,
    sessionId,
    details: Object.fromEntries(
      Object.entries(details).map(([name, fact]) => [name, typeof fact === 'object' && fact !== null ? [...fact] : fact]),
    ),
  };
}

export interface AuditRepository {
  add(rows: readonly AuditRow[]): Promise<void>;
  /** What another subgraph announces. Has no effect for an event that was taken before; names nobody who was erased since. */
  take(eventId: string, row: AuditRow): Promise<void>;
  /** Events of one account, the newest first; one more than `page.limit` when there is more. The position is an event's id. */
  list(accountId: string, page: PageRequest<string>): Promise<readonly AuditRow[]>;
  /** Roles as they stand now; none for an account that is gone or disabled. */
  rolesOf(accountId: string): Promise<readonly Role[]>;
}

export interface AuditLog {
  /** Keeps what changes nothing else, such as a failed sign-in. What belongs to a change is written in its transaction (`toAuditRow`). */
  record(entry: AuditEntry): Promise<void>;
  /** Keeps that somebody in charge has deleted another's picture, as images announces it. Harmless when repeated. */
  followImageRemoval(event: TypedDomainEvent<'image.removed'>): Promise<void>;
  /**
   * The viewer's own events, or those of `userId` for administrators and moderators. Throws `UNAUTHENTICATED` for an anonymous viewer,
   * `FORBIDDEN` for others' events without such a role, `BAD_USER_INPUT` for a bad page.
   */
  list(viewer: Viewer | null, userId: string | null, page: PageArguments): Promise<AuditPage>;
}

type AuditPage = ReturnType<typeof toPage>;

const parsePosition = (value: unknown): string | undefined => (typeof value === 'string' && isUuid(value) ? value : undefined);

function toPage(rows: readonly AuditRow[], page: PageRequest<string>) {
  return toConnection(rows, page, { node: (row) => row, position: ({ id }) => id });
}

export function createAuditLog({ events, now = Date.now }: { events: AuditRepository; now?: () => number }): AuditLog {
  return {
    record: (entry) => events.add([toAuditRow(entry, now)]),

    followImageRemoval({ id, occurredAt, payload: { ownerId: accountId, actorId, sessionId, imageId, purpose } }) {
      const entry: AuditEntry = { action: 'IMAGE_REMOVED', accountId, actorId, sessionId, details: { imageId, purpose } };
      return events.take(
        id,
        toAuditRow(entry, () => Date.parse(occurredAt)),
      );
    },

    async list(viewer, userId, pageArguments) {
      if (viewer === null) throw unauthenticated();
      const page = parsePage(pageArguments, parsePosition);
      const accountId = userId?.toLowerCase() ?? viewer.userId;
      if (accountId !== viewer.userId) {
        const roles = await events.rolesOf(viewer.userId);
        if (!roles.includes('ADMIN') && !roles.includes('MODERATOR')) {
          throw new AppError('FORBIDDEN', "Only administrators and moderators see other users' audit log.");
        }
      }
      return toPage(isUuid(accountId) ? await events.list(accountId, page) : [], page);
    },
  };
}
