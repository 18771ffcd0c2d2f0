import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Prisma, PrismaClient } from '../../subgraphs/auth/__generated__/prisma/client.js';
import { testDatabases, type OpenedDatabase } from '../testkit/services/databases.js';

const databases = await testDatabases();
describe.each(databases)("Prisma's client on $name", ({ open }) => {
  let opened: OpenedDatabase;
  let prisma: PrismaClient;

  beforeAll(async () => {
    opened = await open();
    prisma = new PrismaClient({ adapter: opened.database.adapter });
  });
  afterAll(async () => {
    await prisma.$disconnect();
    await opened.close();
  });

  const event = (id: string) => ({ id, type: 'written', key: id, payload: { nested: ['ü', null, 1.5] }, occurredAt: new Date() });

  it('names the constraint of a unique violation where repositories look for it', async () => {
    const id = crypto.randomUUID();
    await prisma.outboxEvent.create({ data: event(id) });
    const error: unknown = await prisma.outboxEvent.create({ data: event(id) }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Prisma.PrismaClientKnownRequestError);
    expect(error).toMatchObject({
      code: 'P2002',
      meta: { driverAdapterError: { cause: { kind: 'UniqueConstraintViolation', constraint: { index: 'outbox_event_id_key' } } } },
    });
  });

  it('keeps nothing of a transaction that throws, and serves others afterwards', async () => {
    const id = crypto.randomUUID();
    const transaction = prisma.$transaction(async (tx) => {
      await tx.outboxEvent.create({ data: event(id) });
      throw new Error('changed my mind');
    });
    await expect(transaction).rejects.toThrow('changed my mind');
    expect(await prisma.outboxEvent.count({ where: { id } })).toBe(0);
  });

  it('serves others after a transaction that took too long', async () => {
    const id = crypto.randomUUID();
    const late = prisma.$transaction(
      async (tx) => {
        await tx.outboxEvent.create({ data: event(id) });
        await untilClosed(() => tx.outboxEvent.count());
      },
      { timeout: 50 },
    );
    await expect(late).rejects.toMatchObject({ code: 'P2028' });
    expect(await prisma.outboxEvent.count({ where: { id } })).toBe(0);
  });

  it('loses none of many writes and transactions at once', async () => {
    const ids = Array.from({ length: 60 }, () => crypto.randomUUID());
    await Promise.all(
      ids.map((id, index) =>
        index % 2 === 0
          ? prisma.outboxEvent.create({ data: event(id) })
          : prisma.$transaction(async (tx) => {
              await tx.inboxEvent.create({ data: { id } });
              await tx.outboxEvent.create({ data: event(id) });
            }),
      ),
    );
    expect(await prisma.outboxEvent.count({ where: { id: { in: ids } } })).toBe(60);
    expect(await prisma.inboxEvent.count({ where: { id: { in: ids } } })).toBe(30);
  });

  it('answers what was written: JSON, times to the millisecond, large numbers', async () => {
    const data = event(crypto.randomUUID());
    await prisma.outboxEvent.create({ data });
    const row = await prisma.outboxEvent.findUniqueOrThrow({ where: { id: data.id } });
    expect(row).toMatchObject({ ...data, publishedAt: null });
    expect(typeof row.sequence).toBe('bigint');
  });

  it('belongs to one of several clients that share the database', async () => {
    const other = new PrismaClient({ adapter: opened.database.adapter });
    expect(await other.outboxEvent.count()).toBe(await prisma.outboxEvent.count());
    await other.$disconnect();
    expect(await prisma.inboxEvent.findMany({ take: 1, select: { id: true } })).toBeDefined();
  });
});

/** Asks until asking fails, as it does once the transaction is over. */
async function untilClosed(ask: () => Promise<unknown>): Promise<void> {
  for (;;) await ask();
}
