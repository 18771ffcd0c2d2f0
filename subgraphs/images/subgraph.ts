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
import { createRelationTable } from '../../shared/users/relation-table.js';
import { createImagesContext, type ImagesContext } from './context.js';
import { createHiddenProfileRepository } from './data/hidden-profile-repository.js';
import { createImageRepository } from './data/image-repository.js';
import { createObjectRemovalRepository } from './data/object-removal-repository.js';
import { createPictureRepository } from './data/picture-repository.js';
import { createImagesPrisma, imagesSchema } from './data/prisma.js';
import { createUploadRepository } from './data/upload-repository.js';
import { createUserImagesRepository } from './data/user-images-repository.js';
import { resolvers } from './resolvers/resolvers.js';
import { sharing } from './resolvers/sharing.js';
import { getMediaRoute, mediaCacheControl } from './routes/get-media.js';
import { postImagesRoute } from './routes/post-images.js';
import { putUploadRoute } from './routes/put-upload.js';
import { startCleanUp } from './services/clean-up/clean-up.js';
import { createDelivery } from './services/delivery/delivery.js';
import { createPictureCache } from './services/delivery/picture-cache.js';
import { createVariantFormats } from './services/delivery/variant-formats.js';
import { createGallery } from './services/gallery/gallery.js';
import { createObjectRemovals } from './services/pictures/object-removals.js';
import { createPictureDigests } from './services/pictures/picture-digest.js';
import { defaultImageQuota, type ImageQuota } from '../../shared/config/image-quota-settings.js';
import { queueGauges } from '../../shared/telemetry/queue-gauges.js';
import { createPictureProcessor } from './services/processing/picture-processor.js';
import { createCompleteUpload } from './services/uploads/complete-upload.js';
import { createImageAudience } from './services/image-audience.js';
import { createOpenUpload } from './services/uploads/open-upload.js';
import { createPublishFile } from './services/uploads/publish-file.js';
import { createReceiveUpload } from './services/uploads/receive-upload.js';
import { createReceivingPlaces } from './services/uploads/receiving-places.js';
import { createReserveUpload } from './services/uploads/reserve-upload.js';
import { createUploadSigner } from './services/uploads/upload-signature.js';
import { createImageUsage } from './services/image-usage.js';
import { createUserConsumer } from './services/user-consumer.js';
import { createUserImages } from './services/user-images.js';

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
  const images = createImageRepository(prisma);
  const pictures = createPictureRepository(prisma);
  const uploads = createUploadRepository(prisma);
  const signer = createUploadSigner(signingKey);
  const relay = createOutboxRelay({ database: prisma, schema: imagesSchema, isAlone: database.isExclusive, bus, logger, now });
  const removals = createObjectRemovals({ repository: createObjectRemovalRepository(prisma), objects, logger, now });
  const gallery = createGallery({ images, removals, onAnnounced: () => relay.wake(), now });
  const reserveUpload = createReserveUpload({ uploads, quota, now });
  const openUpload = createOpenUpload({ reserveUpload, objects, signer, now });
  const receiveUpload = createReceiveUpload({ uploads, objects, signer, now });
  const processor = createPictureProcessor({ logger });
  const digests = createPictureDigests(signingKey);
  const completeUpload = createCompleteUpload({ uploads, images, pictures, objects, removals, digests, processor, logger, now });
  const publishFile = createPublishFile({ reserveUpload, completeUpload, uploads, objects, now });
  const takePlace = createReceivingPlaces();
  const delivery = createDelivery({
    pictures: createPictureCache({ pictures, now }),
    objects,
    makeFormat: createVariantFormats({ pictures, removals, objects, processor, logger, now }),
    cacheControl: mediaCacheControl,
  });
  const imageUsage = createImageUsage({ uploads, quota, now });
  const userImages = createUserImages({ repository: createUserImagesRepository(prisma), objects, removals, now });
  const relations = createRelationTable(prisma, imagesSchema);
  const hiddenProfiles = createHiddenProfileRepository(prisma);
  const imageAudience = createImageAudience({ relations, hiddenProfiles });
  await bus.subscribe(createUserConsumer({ userImages, relations, hiddenProfiles }));
  const cleanUp = startCleanUp({ uploads, removals, logger, now });

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
        gallery,
        openUpload,
        completeUpload,
        imageUsage,
        userImages,
        imageAudience,
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
