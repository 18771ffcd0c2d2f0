/**
 * Writes to the embedded database in the folder of its first argument until it is killed, as the product does: single rows, transactions of
 * two rows, several at a time. Prints the id of what was acknowledged.
 */
import { join } from 'node:path';
import { projectRoot } from '../../shared/config/project-root.js';
import { lockDataDir } from '../../shared/database/embedded/data-dir-lock.js';
import { openEmbedded } from '../../shared/database/embedded/embedded.js';
import { PrismaClient } from '../../subgraphs/auth/__generated__/prisma/client.js';

const [folder = ''] = process.argv.slice(2);
process.stdout.write('starting\n');
await lockDataDir(folder);
const database = await openEmbedded(join(folder, 'database'));
await database.migrate({ name: 'auth', folder: join(projectRoot, 'subgraphs', 'auth', 'prisma', 'migrations') });
const prisma = new PrismaClient({ adapter: database.adapter });
process.stdout.write('ready\n');
await Promise.all([writeForEver(writeRow), writeForEver(writeRow), writeForEver(writePair)]);

async function writeForEver(write: (id: string) => Promise<unknown>): Promise<void> {
  for (;;) {
    const id = crypto.randomUUID();
    await write(id);
    process.stdout.write(`${id}\n`);
  }
}

async function writeRow(id: string): Promise<void> {
  await prisma.inboxEvent.create({ data: { id } });
}

/** The row and its announcement: both or none. */
async function writePair(id: string): Promise<void> {
  await prisma.$transaction([
    prisma.inboxEvent.create({ data: { id } }),
    prisma.outboxEvent.create({ data: { id, type: 'written', key: id, payload: { text: 'x'.repeat(4000) }, occurredAt: new Date() } }),
  ]);
}
