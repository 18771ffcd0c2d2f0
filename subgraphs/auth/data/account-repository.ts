import { roles, type Role } from '../../../shared/auth/role.js';
import type { DomainEvent } from '../../../shared/events/event-bus.js';
import { toOutboxRow } from '../../../shared/events/outbox/outbox.js';
import type { RawDatabase } from '../../../shared/database/raw-database.js';
import { Prisma } from '../__generated__/prisma/client.js';
import type { LoginIdentifier } from '../services/accounts/login-identifier.js';
import type { AuditRow } from '../services/audit/audit-log.js';
import type { MailRow } from '../services/mail/mailer.js';
import type { TokenMail } from '../services/mail/token-mails.js';
import { isHeldUsername, refuseHeldUsername } from './held-username.js';
import { writeTokenMail } from './mail-tokens.js';
import type { AuthPrisma } from './prisma.js';
import { createFamily, type NewRefreshFamily } from './refresh-family-repository.js';
import { isUniqueViolation } from './unique-violation.js';

export interface Account {
  readonly id: string;
  /** As typed; unique without regard to case. */
  readonly username: string;
  /** As typed. Unique only once it is verified. */
  readonly email: string | null;
  readonly emailVerifiedAt: Date | null;
  readonly roles: readonly Role[];
  readonly createdAt: Date;
  /** Has a device, and no credentials yet. */
  readonly isGuest: boolean;
  /** Nobody signs in to it since then; null when it is in order. */
  readonly disabledAt: Date | null;
  /** When it will be deleted for good; null when nobody asked for that. */
  readonly deletesAt: Date | null;
}

/** What a new account is unless something else is said. */
export const newAccountState = { emailVerifiedAt: null, isGuest: false, disabledAt: null, deletesAt: null } as const;

export interface LoginCandidate {
  readonly account: Account;
  /** PHC string; null for an account that has no password. */
  readonly passwordHash: string | null;
}

/** What a new account signs in with. */
type FirstCredential =
  | { readonly kind: 'password'; /** PHC string. */ readonly hash: string }
  | { readonly kind: 'device'; readonly idHash: string; readonly secretHash: string };

interface NewAccount {
  readonly account: Account;
  /** By which others may have its name on hold (services/usernames/username-holds.ts). */
  readonly nameHash: string;
  readonly credential: FirstCredential;
  readonly family: NewRefreshFamily;
  readonly events: readonly DomainEvent[];
  readonly audit: readonly AuditRow[];
  readonly mails: readonly MailRow[];
  /** To verify its address. */
  readonly tokenMail?: TokenMail | null;
}

export interface AccountRepository {
  /** Account, what it signs in with, first session, events, audit and mails, all or nothing. A device may be some other guest's by now. */
  register(registration: NewAccount): Promise<'registered' | 'username-taken' | 'device-taken'>;
  /** Those of `ids` (uuids) that exist, in no order. */
  findByIds(ids: readonly string[]): Promise<readonly Account[]>;
  /** Those of `usernames` that exist, without regard to case, in no order. */
  findByUsernames(usernames: readonly string[]): Promise<readonly Account[]>;
  /**
   * Of several that claim an address: the owner of the verified one or else who came first, or with `latest` who came last of those that
   * have not verified it.
   */
  findForLogin(login: LoginIdentifier, claimant?: 'first' | 'latest'): Promise<LoginCandidate | null>;
  /** The same by id, for somebody who is signed in. */
  findWithPassword(accountId: string): Promise<LoginCandidate | null>;
}

export const accountColumns = {
  id: true,
  username: true,
  email: true,
  emailVerifiedAt: true,
  roles: true,
  createdAt: true,
  isGuest: true,
  disabledAt: true,
  deletesAt: true,
} as const;
export const passwordKind = 'password';

/** The account that somebody signs in to is the first of those. */
export const whereLogin = ({ kind, value }: LoginIdentifier) =>
  kind === 'username' ? { usernameLower: value.toLowerCase() } : { emailLower: value.toLowerCase() };
/** Several accounts may claim an address that none has verified: the owner of the verified one goes first, then who came first. */
const ownerThenFirst = Prisma.sql`ORDER BY email_verified_at ASC NULLS LAST, created_at, id`;
const latestClaimant = Prisma.sql`AND email_verified_at IS NULL ORDER BY created_at DESC, id DESC`;
export const usernameConstraint = { name: 'account_username_lower_key', columns: ['username_lower'] };
const deviceConstraint = { name: 'guest_device_pkey', columns: ['device_id_hash'] };

interface AccountRow extends Omit<Account, 'roles'> {
  readonly roles: readonly string[];
}

export function toAccount(row: AccountRow): Account {
  const { id, username, email, emailVerifiedAt, createdAt, isGuest, disabledAt, deletesAt } = row;
  return {
    id,
    username,
    email,
    emailVerifiedAt,
    roles: roles.filter((role) => row.roles.includes(role)),
    createdAt,
    isGuest,
    disabledAt,
    deletesAt,
  };
}

/** `sql` is the same database, asked with less ado. */
export function createAccountRepository(prisma: AuthPrisma, sql: Pick<RawDatabase, '$queryRawUnsafe'> = prisma): AccountRepository {
  return {
    async register({ account, nameHash, credential, family, events, audit, mails, tokenMail = null }) {
      const { id: accountId, createdAt: at } = account;
      try {
        // A batch, not an interactive transaction: on PGlite nobody waits for this process between its statements.
        await prisma.$transaction([
          insertAccount(prisma, account),
          refuseHeldUsername(prisma, { accountId, nameHash, at }),
          insertCredential(prisma, { accountId, credential, at }),
          ...createFamily(prisma, family),
          prisma.outboxEvent.createMany({ data: events.map(toOutboxRow) }),
          announceLegacyId(prisma, accountId, events),
          prisma.auditEvent.createMany({ data: [...audit] }),
          ...(mails.length === 0 ? [] : [prisma.mail.createMany({ data: [...mails] })]),
          ...(tokenMail === null ? [] : [writeTokenMail(prisma, tokenMail)]),
        ]);
        return 'registered';
      } catch (error) {
        if (isUniqueViolation(error, usernameConstraint) || isHeldUsername(error)) return 'username-taken';
        if (isUniqueViolation(error, deviceConstraint)) return 'device-taken';
        throw error;
      }
    },

    async findByIds(ids) {
      const rows = await prisma.account.findMany({ where: { id: { in: [...ids] } }, select: accountColumns });
      return rows.map(toAccount);
    },

    async findByUsernames(usernames) {
      const rows = await prisma.account.findMany({
        where: { usernameLower: { in: usernames.map((username) => username.toLowerCase()) } },
        select: accountColumns,
      });
      return rows.map(toAccount);
    },

    async findForLogin({ kind, value }, claimant = 'first') {
      const lower = value.toLowerCase();
      const isNamed = kind === 'username' ? Prisma.sql`username_lower = ${lower}` : Prisma.sql`email_lower = ${lower}`;
      // One statement, whether or not there is an account or a password: one more for those who have both would tell by its time who is here.
      const { text, values } = Prisma.sql`
        SELECT account.id::text AS id, username, email, email_verified_at AS "emailVerifiedAt", roles, account.created_at AS "createdAt",
          is_guest AS "isGuest", disabled_at AS "disabledAt", deletes_at AS "deletesAt", secret
        FROM (SELECT * FROM auth.account WHERE ${isNamed} ${claimant === 'first' ? ownerThenFirst : latestClaimant} LIMIT 1) AS account
        LEFT JOIN auth.credential ON account_id = account.id AND kind = ${passwordKind}`;
      const [row] = await sql.$queryRawUnsafe<(AccountRow & { readonly secret: string | null })[]>(text, ...values);
      return row === undefined ? null : { account: toAccount(row), passwordHash: row.secret };
    },

    async findWithPassword(accountId) {
      const row = await prisma.account.findUnique({
        where: { id: accountId },
        select: { ...accountColumns, credentials: { where: { kind: passwordKind }, select: { secret: true } } },
      });
      return row === null ? null : { account: toAccount(row), passwordHash: row.credentials[0]?.secret ?? null };
    },
  };
}

// `createMany` here and below, because `create` reads back what it wrote.
function insertAccount(prisma: AuthPrisma, { roles: accountRoles, ...account }: Account) {
  const lower = { usernameLower: account.username.toLowerCase(), emailLower: account.email?.toLowerCase() ?? null };
  return prisma.account.createMany({ data: [{ ...account, ...lower, roles: [...accountRoles] }] });
}

function insertCredential(prisma: AuthPrisma, { accountId, credential, at }: { accountId: string; credential: FirstCredential; at: Date }) {
  return credential.kind === 'password'
    ? prisma.credential.createMany({ data: [{ accountId, kind: passwordKind, secret: credential.hash, createdAt: at, updatedAt: at }] })
    : prisma.guestDevice.createMany({
        data: [{ accountId, deviceIdHash: credential.idHash, secretHash: credential.secretHash, createdAt: at }],
      });
}

/** Writes the number that the database gave the account into its announcement: readers of the old services' events know it by that. */
function announceLegacyId(prisma: AuthPrisma, accountId: string, events: readonly DomainEvent[]) {
  return prisma.$executeRaw`
    UPDATE auth.outbox_event AS announcement
    SET payload = announcement.payload || jsonb_build_object('legacyId', account.legacy_id)
    FROM auth.account
    WHERE account.id = ${accountId}::uuid AND announcement.type = 'user.registered'
      AND announcement.id IN (SELECT value::uuid FROM jsonb_array_elements_text(${JSON.stringify(events.map(({ id }) => id))}::jsonb))`;
}
