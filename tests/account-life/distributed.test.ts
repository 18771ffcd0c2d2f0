import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openPostgres } from '../../shared/database/postgres.js';
import type { Database } from '../../shared/database/database.js';
import { createAuthPrisma } from '../../subgraphs/auth/data/prisma.js';
import { availableWays, startGalaxia, type Galaxia } from '../testkit/product/galaxia.js';
import { post } from '../testkit/product/graphql-client.js';
import { registerPerson } from '../testkit/product/person.js';
import { postgresOfRun, type PostgresOfRun } from '../testkit/services/postgres-of-run.js';
import { dumpDatabase } from '../testkit/product/product.js';

const canRun = (await availableWays()).includes('distributed');

(canRun ? describe : describe.skip)('The end of an account, over five processes', () => {
  let postgres: PostgresOfRun | null;
  let database: Database;
  let galaxia: Galaxia;

  beforeAll(async () => {
    postgres = await postgresOfRun();
    if (postgres === null) throw new Error('PostgreSQL was there a moment ago');
    // One for all four, which they migrate at the same time.
    const url = await postgres.createDatabase('without tables');
    database = await openPostgres(url);
    const names = ['AUTH', 'USERS', 'SESSIONS', 'IMAGES'];
    galaxia = await startGalaxia('distributed', { environment: Object.fromEntries(names.map((name) => [`${name}_DATABASE_URL`, url])) });
  }, 120_000);
  afterAll(async () => {
    await galaxia.stop();
    await database.close();
    await postgres?.dropDatabases();
  });

  it('SECURITY 51: reaches every process when its time has come', async () => {
    const ada = await registerPerson(galaxia);
    const exported = await ada.ask(
      `mutation ($input: ExportAccountInput!) { exportAccount(input: $input) { ... on AccountExport { userId account profile sessions images } } }`,
      { input: { password: ada.password } },
    );
    expect(exported.data.exportAccount).toMatchObject({
      userId: ada.id,
      account: { username: ada.username },
      profile: { friends: [] },
      sessions: { sessions: [{ id: ada.sessionId }] },
      images: { images: [] },
    });
    await ada.ask(`mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { __typename } }`, {
      input: { password: ada.password },
    });

    const prisma = createAuthPrisma(database);
    await prisma.account.update({ where: { id: ada.id }, data: { deletesAt: new Date(0) }, select: { id: true } });
    await prisma.$disconnect();
    // Looks for what is due at its start, and every minute.
    await galaxia.restart('auth');
    const traces = (rows: ReadonlyMap<string, readonly string[]>) =>
      [...rows].filter(([, lines]) => lines.some((line) => line.includes(ada.id) || line.includes(ada.username))).map(([table]) => table);
    // The announcement itself stays for a while: in auth until its next round, and for readers of `user.events`.
    const isErased = async () =>
      traces(await dumpDatabase(database)).every((table) => ['auth.outbox_event', 'users.outbox_event'].includes(table));
    while (!(await isErased())) await new Promise((resolve) => setTimeout(resolve, 100));
    const isRefused = async () => (await post(galaxia.url, { query: '{ me { id } }', token: ada.accessToken })).errors.length > 0;
    while (!(await isRefused())) await new Promise((resolve) => setTimeout(resolve, 100));
    const refused = await post(galaxia.url, { query: '{ me { id } }', token: ada.accessToken });
    expect(refused.errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
  }, 60_000);
});
