import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import type { AccessTokenVerifier } from '../../shared/auth/access-token.js';
import { projectRoot } from '../../shared/config/project-root.js';
import type { Database } from '../../shared/database/database.js';
import type { EventBus } from '../../shared/events/event-bus.js';
import { eventGauges } from '../../shared/events/event-gauges.js';
import { createOutboxRelay } from '../../shared/events/outbox/outbox.js';
import { declareSharing } from '../../shared/graphql/sharing/sharing.js';
import type { Subgraph } from '../../shared/graphql/subgraph.js';
import { checkDependency } from '../../shared/http/health.js';
import type { Logger } from '../../shared/logging/logger.js';
import { availableObjectStore } from '../../shared/objects/available-object-store.js';
import type { ObjectStore } from '../../shared/objects/object-store.js';
import { composeServices } from './compose-services.js';
import { createImagesContext, type ImagesContext } from './context.js';
import { createImagesPrisma, imagesSchema } from './data/prisma.js';
import { resolvers } from './resolvers/resolvers.js';
import { sharing } from './resolvers/sharing.js';
import { getMediaRoute, mediaCacheControl } from './routes/get-media.js';
import { postImagesRoute } from './routes/post-images.js';
import { putUploadRoute } from './routes/put-upload.js';
import { startCleanUp } from './services/clean-up/clean-up.js';
import { defaultImageQuota, type ImageQuota } from '../../shared/config/image-quota-settings.js';
import { queueGauges } from '../../shared/telemetry/queue-gauges.js';
import { createReceivingPlaces } from './services/uploads/receiving-places.js';
import { createUserConsumer } from './services/user-consumer.js';

export interface ImagesSubgraphOptions {
  readonly database: Database;
  readonly bus: EventBus;
  /** Where bytes are kept; closed by whoever opened it. */
  readonly objects: ObjectStore;
  readonly accessTokens: AccessTokenVerifier;
  /** 32 bytes that sign upload URLs and key the digests of pictures; the same in every process of this subgraph. */
  readonly signingKey: Uint8Array;
  /** Of each user. */
  readonly quota?: ImageQuota;
  readonly logger: Logger;
  readonly now?: () => number;
}

/** Uploads, published images, avatars. */
export async function createImagesSubgraph(options: ImagesSubgraphOptions): Promise<Subgraph<ImagesContext>> {
  const { database, bus, accessTokens, signingKey, quota = defaultImageQuota, logger, now = Date.now } = options;
  const objects = availableObjectStore(options.objects, logger);
  await database.migrate({ name: 'images', folder: join(projectRoot, 'subgraphs/images/prisma/migrations') });
  const typeDefs = parse(await readFile(join(projectRoot, 'schema/subgraphs/images.graphql'), 'utf8'));
  const prisma = createImagesPrisma(database);
  const relay = createOutboxRelay({ database: prisma, schema: imagesSchema, isAlone: database.isExclusive, bus, logger, now });
  const { ofOperations, receiveUpload, publishFile, delivery, processor, ...kept } = composeServices({
    prisma,
    objects,
    signingKey,
    quota,
    cacheControl: mediaCacheControl,
    onAnnounced: () => relay.wake(),
    logger,
    now,
  });
  await bus.subscribe(createUserConsumer({ ...kept, userImages: ofOperations.userImages }));
  const cleanUp = startCleanUp({ ...kept, logger, now });
  const takePlace = createReceivingPlaces();

  const schema = buildSubgraphSchema([{ typeDefs, resolvers }]);
  return {
    name: 'images',
    schema,
    sharing: declareSharing(schema, sharing),
    gauges: [...eventGauges({ relay, bus, group: 'images' }), ...queueGauges(() => processor.load())],
    async createContext(headers) {
      return createImagesContext({
        viewer: await accessTokens.verify(headers.authorization),
        requestId: headers['x-request-id'] ?? randomUUID(),
        ...ofOperations,
      });
    },
    async routes(app) {
      // A scope of its own, because the upload route changes how bodies are parsed.
      await app.register((scope, _options, done) => {
        putUploadRoute(receiveUpload)(scope);
        postImagesRoute({ accessTokens, takePlace, publishFile, temporaryFolder: tmpdir() })(scope);
        getMediaRoute(delivery)(scope);
        done();
      });
    },
    ready: () =>
      Promise.all([
        checkDependency('database', () => database.ping()),
        checkDependency('events', () => bus.ping()),
        checkDependency('objects', () => objects.ping()),
      ]),
    async close() {
      await processor.close();
      await cleanUp.close();
      await relay.close();
      await prisma.$disconnect();
    },
  };
}
