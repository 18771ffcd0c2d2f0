import type { AuthPrisma } from './prisma.js';

/** A mail that is this process' to send until its lease ends. */
export interface ClaimedMail {
  readonly id: string;
  /** Encrypted. */
  readonly content: string;
  readonly createdAt: Date;
  /** How often it was claimed, this time included. */
  readonly attempts: number;
}

export interface MailRepository {
  /**
   * Takes up to `limit` mails that are due and puts their next attempt off until `leaseEnd`, so that no other process sends them
   * meanwhile, and one that dies while sending is followed by another. Without a transaction that lasts as long as the sending.
   */
  claim(options: { now: Date; leaseEnd: Date; limit: number }): Promise<readonly ClaimedMail[]>;
  /** Deletes it: it was sent, or given up. */
  remove(id: string): Promise<void>;
  /** Changes nothing when another process has claimed it since. */
  postpone(mail: Pick<ClaimedMail, 'id' | 'attempts'>, dueAt: Date): Promise<void>;
  /** How many wait to be sent, and how long the oldest of them has, in ms. */
  backlog(now: Date): Promise<{ readonly mails: number; readonly oldestMs: number }>;
}

interface Row {
  readonly id: string;
  readonly content: string;
  readonly created_at: Date;
  readonly attempts: number;
}

export function createMailRepository(prisma: AuthPrisma): MailRepository {
  return {
    async claim({ now, leaseEnd, limit }) {
      // One statement: two processes that claim at once skip each other's rows.
      const rows = await prisma.$queryRaw<Row[]>`
        UPDATE auth.mail SET attempts = attempts + 1, due_at = ${leaseEnd.toISOString()}::timestamptz
        WHERE id IN (
          SELECT id FROM auth.mail WHERE due_at <= ${now.toISOString()}::timestamptz
          ORDER BY due_at LIMIT ${limit}::int FOR UPDATE SKIP LOCKED
        )
        RETURNING id::text AS id, content, created_at, attempts`;
      return rows.map(({ created_at: createdAt, ...row }) => ({ ...row, createdAt }));
    },
    async remove(id) {
      await prisma.mail.deleteMany({ where: { id } });
    },
    async postpone({ id, attempts }, dueAt) {
      await prisma.mail.updateMany({ where: { id, attempts }, data: { dueAt } });
    },
    async backlog(now) {
      const { _count: mails, _min: oldest } = await prisma.mail.aggregate({ _count: true, _min: { createdAt: true } });
      return { mails, oldestMs: oldest.createdAt === null ? 0 : Math.max(0, now.getTime() - oldest.createdAt.getTime()) };
    },
  };
}
