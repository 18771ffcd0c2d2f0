import type { SessionEndReason } from '../../../shared/events/domain-events.js';
import { createDomainEvent } from '../../../shared/events/domain-events.js';
import type { DomainEvent } from '../../../shared/events/event-bus.js';
import { takeOnce } from '../../../shared/events/outbox/inbox.js';
import { toOutboxRow } from '../../../shared/events/outbox/outbox.js';
import { Prisma } from '../__generated__/prisma/client.js';
import type { AuditRow } from '../services/audit/audit-log.js';
import type { MailRow } from '../services/mail/mailer.js';
import { accountColumns, toAccount, type Account } from './account-repository.js';
import type { AuthPrisma, AuthTransaction } from './prisma.js';
import { removeInBatches, timestamp } from './remove-in-batches.js';

/** One sign-in and all refresh tokens that follow from it. */
export interface RefreshFamily {
  /** Also the id of the session, `sid` in access tokens. */
  readonly id: string;
  readonly accountId: string;
  readonly device: string | null;
  /** How the person proved who they are (RFC 8176). */
  readonly amr: readonly string[];
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  /** The absolute end, however often it is used. */
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
  /** Its refresh tokens live in a browser's cookie and are good nowhere else. */
  readonly isBrowser: boolean;
}

export interface NewRefreshFamily extends Omit<RefreshFamily, 'lastUsedAt' | 'revokedAt' | 'isBrowser'> {
  readonly tokenHash: string;
}

export interface StoredRefreshToken {
  readonly hash: string;
  readonly generation: number;
  readonly createdAt: Date;
  /** Set once it was exchanged, with the salt that its successor was derived with. */
  readonly used: { readonly at: Date; readonly successorSalt: string } | null;
  readonly family: RefreshFamily;
  readonly account: Account;
}

export type EndReason = SessionEndReason;

export interface RevocationOfAll {
  readonly accountId: string;
  readonly at: Date;
  readonly reason: EndReason;
  /** Id of the one session that stays. */
  readonly except?: string | undefined;
}

export interface RefreshFamilyRepository {
  start(family: NewRefreshFamily, events: readonly DomainEvent[]): Promise<void>;
  findToken(hash: string): Promise<StoredRefreshToken | null>;
  find(familyId: string): Promise<RefreshFamily | null>;
  /** From now on its tokens are good in a cookie alone. */
  bindToBrowser(familyId: string): Promise<void>;
  /**
   * Exchanges `token` for its successor. False, with nothing changed, when another request was faster, or the family was revoked or bound
   * to a browser meanwhile.
   */
  rotate(rotation: {
    token: StoredRefreshToken;
    successor: { hash: string; salt: string };
    at: Date;
    events: readonly DomainEvent[];
  }): Promise<boolean>;
  /** False, with nothing changed, when it was revoked before or does not exist. */
  revoke(revocation: {
    familyId: string;
    at: Date;
    reason: EndReason;
    events: readonly DomainEvent[];
    audit: readonly AuditRow[];
    mails: readonly MailRow[];
  }): Promise<boolean>;
  /** Revokes a family because its end was announced in the event `eventId`; what was revoked before, or a repetition, changes nothing. */
  takeEnd(ended: { eventId: string; familyId: string; at: Date; reason: EndReason; audit: readonly AuditRow[] }): Promise<void>;
  /** Takes in how the user calls the device of a family, as the event `eventId` tells; a repetition changes nothing. */
  takeDevice(named: { eventId: string; familyId: string; device: string | null }): Promise<void>;
  /**
   * Forgets families whose absolute end was before `endedBefore`, with their tokens, and tokens that were exchanged before `usedBefore`.
   * Of a guest it keeps the family that was used last: it tells when they were last seen.
   */
  removeStale(limits: { endedBefore: Date; usedBefore: Date }): Promise<void>;
}

const familyColumns = {
  id: true,
  accountId: true,
  device: true,
  amr: true,
  createdAt: true,
  lastUsedAt: true,
  expiresAt: true,
  revokedAt: true,
  isBrowser: true,
} as const;

/** The statements that write a new family and its first token, for a batch transaction. */
export function createFamily(
  prisma: AuthPrisma | AuthTransaction,
  { id, accountId, device, amr, createdAt, expiresAt, tokenHash }: NewRefreshFamily,
) {
  return [
    prisma.refreshFamily.createMany({ data: [{ id, accountId, device, amr: [...amr], createdAt, lastUsedAt: createdAt, expiresAt }] }),
    prisma.refreshToken.createMany({ data: [{ hash: tokenHash, familyId: id, generation: 1, createdAt }] }),
  ];
}

/**
 * Revokes every live family of an account, but `except`, with the events that announce it, as part of a larger change: end the sessions in
 * the transaction that changes the password, and give the answered ids to `SessionEnder.haveEnded` once it is committed.
 */
export async function revokeAllFamilies(
  tx: AuthTransaction,
  { accountId, at, reason, except }: RevocationOfAll,
): Promise<readonly string[]> {
  const revoked = await tx.refreshFamily.updateManyAndReturn({
    where: { accountId, revokedAt: null, expiresAt: { gt: at }, ...(except === undefined ? {} : { id: { not: except } }) },
    data: { revokedAt: at, revokedReason: reason },
    select: { id: true },
  });
  // Whoever stands between the two factors has proved something that does not hold any more.
  await tx.mfaChallenge.deleteMany({ where: { accountId } });
  const events = revoked.map(({ id: sessionId }) =>
    createDomainEvent('session.ended', {
      key: accountId,
      now: () => at.getTime(),
      payload: { sessionId, userId: accountId, endedAt: at.toISOString(), reason },
    }),
  );
  await tx.outboxEvent.createMany({ data: events.map(toOutboxRow) });
  return revoked.map(({ id }) => id);
}

/** Thrown to roll a transaction back when its first statement found nothing to change. */
const nothingToChange = new Error('nothing to change');

export function createRefreshFamilyRepository(prisma: AuthPrisma): RefreshFamilyRepository {
  async function unlessNothingToChange(transaction: Promise<unknown>): Promise<boolean> {
    try {
      await transaction;
      return true;
    } catch (error) {
      if (error === nothingToChange) return false;
      throw error;
    }
  }

  return {
    async start(family, events) {
      await prisma.$transaction([...createFamily(prisma, family), prisma.outboxEvent.createMany({ data: events.map(toOutboxRow) })]);
    },

    async findToken(hash) {
      const row = await prisma.refreshToken.findUnique({
        where: { hash },
        select: {
          hash: true,
          generation: true,
          createdAt: true,
          usedAt: true,
          successorSalt: true,
          family: { select: { ...familyColumns, account: { select: accountColumns } } },
        },
      });
      if (row === null) return null;
      const { usedAt, successorSalt, family: familyRow, ...token } = row;
      const { account, ...family } = familyRow;
      const used = usedAt === null || successorSalt === null ? null : { at: usedAt, successorSalt };
      return { ...token, used, family, account: toAccount(account) };
    },

    find: (familyId) => prisma.refreshFamily.findUnique({ where: { id: familyId }, select: familyColumns }),

    async bindToBrowser(familyId) {
      await prisma.refreshFamily.updateMany({ where: { id: familyId }, data: { isBrowser: true } });
    },

    rotate: ({ token, successor, at, events }) =>
      unlessNothingToChange(
        prisma.$transaction(async (tx) => {
          // The row lock of the family makes parallel refreshes and a revocation take turns, on every node.
          const family = await tx.refreshFamily.updateMany({
            where: { id: token.family.id, revokedAt: null, isBrowser: token.family.isBrowser },
            data: { lastUsedAt: at },
          });
          if (family.count === 0) throw nothingToChange;
          const claimed = await tx.refreshToken.updateMany({
            where: { hash: token.hash, usedAt: null },
            data: { usedAt: at, successorSalt: successor.salt },
          });
          if (claimed.count === 0) throw nothingToChange;
          await tx.refreshToken.createMany({
            data: [{ hash: successor.hash, familyId: token.family.id, generation: token.generation + 1, createdAt: at }],
          });
          await tx.outboxEvent.createMany({ data: events.map(toOutboxRow) });
        }),
      ),

    revoke: ({ familyId, at, reason, events, audit, mails }) =>
      unlessNothingToChange(
        prisma.$transaction(async (tx) => {
          const revoked = await tx.refreshFamily.updateMany({
            where: { id: familyId, revokedAt: null },
            data: { revokedAt: at, revokedReason: reason },
          });
          if (revoked.count === 0) throw nothingToChange;
          await tx.outboxEvent.createMany({ data: events.map(toOutboxRow) });
          await tx.auditEvent.createMany({ data: [...audit] });
          await tx.mail.createMany({ data: [...mails] });
        }),
      ),

    async takeEnd({ eventId, familyId, at, reason, audit }) {
      await prisma.$transaction(async (tx) => {
        if (!(await takeOnce(tx, 'auth', eventId))) return;
        const revoked = await tx.refreshFamily.updateMany({
          where: { id: familyId, revokedAt: null },
          data: { revokedAt: at, revokedReason: reason },
        });
        if (revoked.count > 0) await tx.auditEvent.createMany({ data: [...audit] });
      });
    },

    async takeDevice({ eventId, familyId, device }) {
      await prisma.$transaction(async (tx) => {
        if (await takeOnce(tx, 'auth', eventId)) await tx.refreshFamily.updateMany({ where: { id: familyId }, data: { device } });
      });
    },

    async removeStale({ endedBefore, usedBefore }) {
      await removeInBatches(prisma, 'refresh_family', Prisma.sql`expires_at < ${timestamp(endedBefore)} AND NOT ${isLastOfGuest}`);
      await removeInBatches(prisma, 'refresh_token', Prisma.sql`used_at < ${timestamp(usedBefore)}`);
    },
  };
}

/** Of a row of `auth.refresh_family`. */
const isLastOfGuest = Prisma.sql`(
  EXISTS (SELECT 1 FROM auth.account WHERE account.id = refresh_family.account_id AND account.is_guest)
  AND NOT EXISTS (
    SELECT 1 FROM auth.refresh_family AS other WHERE other.account_id = refresh_family.account_id
      AND (other.last_used_at, other.id) > (refresh_family.last_used_at, refresh_family.id)))`;
