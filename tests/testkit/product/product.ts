import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { createInProcessDataSource } from '../../../gateway/datasources/in-process/in-process-data-source.js';
import { createSupergraph } from '../../../gateway/supergraph/supergraph.js';
import { createGateway } from '../../../gateway/gateway.js';
import { openMetrics } from '../../../gateway/telemetry/open-metrics.js';
import { createAccessTokenVerifier } from '../../../shared/auth/access-token.js';
import { createRevocations } from '../../../shared/auth/revocations.js';
import { projectRoot } from '../../../shared/config/project-root.js';
import type { Database } from '../../../shared/database/database.js';
import { domainEvents } from '../../../shared/events/domain-events.js';
import type { DomainEvent } from '../../../shared/events/event-bus.js';
import { createInProcessEventBus } from '../../../shared/events/buses/in-process-event-bus.js';
import { consumingSubgraphs } from '../../../shared/graphql/subgraph-process.js';
import { createScope } from '../../../shared/http/lifecycle.js';
import { createObjectStore } from '../../../shared/objects/create-object-store.js';
import { createRateLimits } from '../../../shared/rate-limits/rate-limits.js';
import { createAuthPrisma } from '../../../subgraphs/auth/data/prisma.js';
import { createAuthSubgraph } from '../../../subgraphs/auth/subgraph.js';
import { createImagesSubgraph } from '../../../subgraphs/images/subgraph.js';
import { createSessionsSubgraph } from '../../../subgraphs/sessions/subgraph.js';
import { createUsersSubgraph } from '../../../subgraphs/users/subgraph.js';

/** Gateway and subgraphs in the process of the test, which turns their clock and sees everything that they keep and say. */
export interface Product {
  readonly url: string;
  /** Every event of the catalogue that was published, in order. */
  readonly events: readonly DomainEvent[];
  /** Every log line since the start, of every level, with nothing redacted. */
  logs(): string;
  /** Where mails are written into. */
  readonly mailFolder: string;
  now(): number;
  advance(ms: number): void;
  /** Erases the accounts that are due now. Answers how many. */
  carryOutDeletions(): Promise<number>;
  /** Waits until every outbox is published and `isThere` holds. */
  untilSettled(isThere?: () => boolean): Promise<void>;
  /** Every stored object by its path. */
  objects(): Promise<ReadonlyMap<string, Buffer>>;
  close(): Promise<void>;
}

const schemas = ['auth', 'users', 'sessions', 'images'] as const;

/** The same at every start, so that what one has encrypted the next can read. */
const encryptionKey = new Uint8Array(32).fill(7);

/** Every row of every table of every subgraph, as one line of JSON each, by table. */
export async function dumpDatabase(database: Database): Promise<ReadonlyMap<string, readonly string[]>> {
  const prisma = createAuthPrisma(database);
  const tables = await prisma.$queryRawUnsafe<{ name: string }[]>(
    `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
     WHERE table_schema IN ('auth', 'users', 'sessions', 'images') AND table_type = 'BASE TABLE' ORDER BY 1`,
  );
  const dumped = new Map<string, readonly string[]>();
  for (const { name } of tables) {
    const rows = await prisma.$queryRawUnsafe<{ row: string }[]>(`SELECT row_to_json(t)::text AS row FROM ${name} AS t`);
    dumped.set(
      name,
      rows.map(({ row }) => row),
    );
  }
  await prisma.$disconnect();
  return dumped;
}

export async function startProduct(database: Database): Promise<Product> {
  const scope = createScope();
  const folder = await mkdtemp(join(tmpdir(), 'galaxia-product-'));
  scope.defer(() => rm(folder, { recursive: true, force: true }));
  const lines: string[] = [];
  // Not the product's own logger, which would hide by its redaction that a secret was handed to it.
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  let skew = 0;
  const now = () => Date.now() + skew;
  const revocations = createRevocations(now);
  const events: DomainEvent[] = [];
  const bus = createInProcessEventBus({ groups: [...consumingSubgraphs, 'recorder'], logger });
  await bus.subscribe({
    group: 'recorder',
    types: Object.keys(domainEvents),
    handle: (event) => Promise.resolve(void events.push(event)),
  });
  const mailFolder = join(folder, 'outbox');
  const objectFolder = join(folder, 'objects');
  const objects = await createObjectStore({ s3: null, folder: objectFolder });
  scope.defer(() => objects.close());
  const rateLimits = createRateLimits({ redisUrl: undefined, scale: 1000, logger });
  scope.defer(() => rateLimits.close());
  const prisma = createAuthPrisma(database);
  scope.defer(() => prisma.$disconnect());

  const common = { database, bus, revocations, rateLimits, logger, now };
  const auth = await createAuthSubgraph({
    ...common,
    encryptionKey,
    publicUrl: () => 'https://galaxia.example',
    mail: { smtpUrl: undefined, folder: mailFolder },
  });
  const accessTokens = createAccessTokenVerifier({ keys: auth.keys, revocations, now });
  const subgraphs = [
    auth,
    await createUsersSubgraph({ ...common, accessTokens, userEvents: null }),
    await createSessionsSubgraph({ ...common, accessTokens }),
    await createImagesSubgraph({ ...common, accessTokens, objects, signingKey: randomBytes(32) }),
  ];
  for (const subgraph of subgraphs) scope.defer(() => subgraph.close());
  scope.defer(() => bus.close());
  const byName = new Map<string, (typeof subgraphs)[number]>(subgraphs.map((subgraph) => [subgraph.name, subgraph]));
  const metrics = openMetrics({ token: undefined });
  const supergraph = await createSupergraph({
    path: join(projectRoot, 'schema/supergraph.graphql'),
    dataSource({ name }) {
      const subgraph = byName.get(name);
      if (subgraph === undefined) throw new Error(`no subgraph "${name}"`);
      return createInProcessDataSource({ subgraph, logger, onFetch: metrics?.counted.onFetch });
    },
    logger,
  });
  scope.defer(() => supergraph.close());
  const gateway = await createGateway({
    config: { host: '127.0.0.1', port: 0, publicUrl: undefined, corsOrigins: [], trustsProxy: () => false, objectsUrl: undefined },
    supergraph,
    accessTokens,
    revocations,
    jwks: null,
    ready: () => Promise.resolve([]),
    routes: subgraphs.flatMap(({ routes }) => (routes === undefined ? [] : [routes])),
    pageFolder: join(folder, 'no page'),
    metrics,
    logger,
  });
  scope.defer(() => gateway.close());

  async function countUnpublished(): Promise<number> {
    const counts = await Promise.all(
      schemas.map((schema) =>
        prisma.$queryRawUnsafe<{ count: number }[]>(`SELECT count(*)::int AS count FROM ${schema}.outbox_event WHERE published_at IS NULL`),
      ),
    );
    return counts.flat().reduce((sum, { count }) => sum + count, 0);
  }

  return {
    url: await gateway.listen(),
    events,
    mailFolder,
    now,
    logs: () => lines.join(''),
    advance(ms) {
      skew += ms;
    },
    async carryOutDeletions() {
      return (await auth.createContext({})).accountDeletion.carryOut();
    },
    async untilSettled(isThere = () => true) {
      while (!isThere() || (await countUnpublished()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    async objects() {
      const entries = await readdir(objectFolder, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
      return new Map(await Promise.all(files.map(async (file) => [file, await readFile(file)] as const)));
    },
    close: () => scope.close(),
  };
}
