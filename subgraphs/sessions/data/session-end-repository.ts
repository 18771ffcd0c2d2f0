import { toOutboxRow } from '../../../shared/events/outbox/outbox.js';
import type { SessionEndRepository } from '../services/session-end-repository.js';
import type { SessionsPrisma } from './prisma.js';

export function createSessionEndRepository(prisma: SessionsPrisma): SessionEndRepository {
  return {
    end: ({ sessionId: id, userId }, { endedAt, reason, toEvent }) =>
      prisma.$transaction(async (tx) => {
        const { count } = await tx.session.updateMany({
          where: { id, userId, endedAt: null, expiresAt: { gt: endedAt } },
          data: { endedAt, endReason: reason },
        });
        if (count === 0) return false;
        await tx.outboxEvent.createMany({ data: [toOutboxRow(toEvent({ sessionId: id, userId }))] });
        return true;
      }),

    endOthers: ({ sessionId, userId }, { endedAt, reason, toEvent }) =>
      prisma.$transaction(async (tx) => {
        // In one order for everybody, so that two sessions that end each other wait instead of locking each other out.
        const living = await tx.$queryRaw<readonly { readonly id: string }[]>`
          SELECT id FROM sessions.session
          WHERE user_id = ${userId}::uuid AND ended_at IS NULL AND expires_at > ${endedAt.toISOString()}::timestamptz
          ORDER BY id FOR UPDATE`;
        if (!living.some(({ id }) => id === sessionId)) return null;
        const others = living.filter(({ id }) => id !== sessionId).map(({ id }) => ({ sessionId: id, userId }));
        if (others.length === 0) return [];
        await tx.session.updateMany({
          where: { id: { in: others.map((other) => other.sessionId) } },
          data: { endedAt, endReason: reason },
        });
        await tx.outboxEvent.createMany({ data: others.map((other) => toOutboxRow(toEvent(other))) });
        return others;
      }),

    async endedSince(since) {
      // Tokens of an expired session have expired before it; and one that only looked expired goes on.
      const rows = await prisma.session.findMany({
        where: { endedAt: { gte: since }, endReason: { not: 'EXPIRED' } },
        select: { id: true, endedAt: true },
      });
      return rows.flatMap(({ id, endedAt }) => (endedAt === null ? [] : [{ sessionId: id, endedAt: endedAt.getTime() }]));
    },

    expire: ({ now, limit }) =>
      // What another process expires at the same time is skipped: each is announced once.
      prisma.$queryRaw`
        WITH due AS (
          SELECT id FROM sessions.session WHERE ended_at IS NULL AND expires_at <= ${now.toISOString()}::timestamptz
          ORDER BY ended_at, expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
        )
        UPDATE sessions.session SET ended_at = expires_at, end_reason = 'EXPIRED'
        FROM due WHERE session.id = due.id
        RETURNING session.id AS "sessionId", session.user_id AS "userId"`,

    removeEnded: ({ endedBefore, limit }) =>
      prisma.$executeRaw`
        DELETE FROM sessions.session WHERE id IN (
          SELECT id FROM sessions.session WHERE ended_at < ${endedBefore.toISOString()}::timestamptz
          ORDER BY ended_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
        )`,
  };
}
