import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { projectRoot } from '../../shared/config/project-root.js';
import type { Database } from '../../shared/database/database.js';
import { openEmbedded } from '../../shared/database/embedded.js';
import { openPostgres } from '../../shared/database/postgres.js';
import { Prisma, PrismaClient } from '../../subgraphs/auth/__generated__/prisma/client.js';
import { startPostgres } from '../testkit/postgres.js';
import { orSkip } from '../testkit/services.js';

const server = orSkip('PostgreSQL', await startPostgres());
afterAll(() => server?.stop());

const databases: [name: string, open: () => Promise<Database>][] = [['PGlite', () => openEmbedded('memory://')]];
if (server !== null) databases.push(['Postgres', async () => openPostgres(await server.createDatabase())]);

describe.each(databases)("Prisma's client on %s", (_, open) => {
  let database: Database;
  let prisma: PrismaClient;

  beforeAll(async () => {
    database = await open();
    await database.migrate({ name: 'auth', folder: join(projectRoot, 'subgraphs', 'auth', 'prisma', 'migrations') });
    prisma = new PrismaClient({ adapter: database.adapter });
  });
  afterAll(async () => {
    await prisma.$disconnect();
    await database.close();
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
    const other = new PrismaClient({ adapter: database.adapter });
    expect(await other.outboxEvent.count()).toBe(await prisma.outboxEvent.count());
    await other.$disconnect();
    expect(await prisma.inboxEvent.findMany({ take: 1, select: { id: true } })).toBeDefined();
  });
});

/** Asks until asking fails, as it does once the transaction is over. */
async function untilClosed(ask: () => Promise<unknown>): Promise<void> {
  for (;;) await ask();
}
