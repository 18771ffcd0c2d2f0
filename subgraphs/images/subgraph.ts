import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import type { AccessTokenVerifier } from '../../shared/auth/access-token.js';
import { projectRoot } from '../../shared/config/project-root.js';
import type { Database } from '../../shared/database/database.js';
import type { EventBus } from '../../shared/events/event-bus.js';
import { createOutboxRelay } from '../../shared/events/outbox.js';
import { declareSharing } from '../../shared/graphql/sharing.js';
import type { Subgraph } from '../../shared/graphql/subgraph.js';
import { checkDependency } from '../../shared/http/health.js';
import type { Logger } from '../../shared/logging/logger.js';
import type { ObjectStore } from '../../shared/objects/object-store.js';
import { createRelationTable } from '../../shared/users/relation-table.js';
import { createImagesContext, type ImagesContext } from './context.js';
import { createHiddenProfileRepository } from './data/hidden-profile-repository.js';
import { createImageRepository } from './data/image-repository.js';
import { createImagesPrisma, imagesSchema } from './data/prisma.js';
import { createUploadRepository } from './data/upload-repository.js';
import { createUserImagesRepository } from './data/user-images-repository.js';
import { resolvers } from './resolvers/resolvers.js';
import { sharing } from './resolvers/sharing.js';
import { getMediaRoute } from './routes/get-media.js';
import { putUploadRoute } from './routes/put-upload.js';
import { createGallery } from './services/gallery/gallery.js';
import { createImageProcessor } from './services/processing/image-processor.js';
import { createWorkQueue } from './services/processing/work-queue.js';
import { createCompleteUpload } from './services/uploads/complete-upload.js';
import { startExpiredUploadRemoval } from './services/uploads/expired-upload-removal.js';
import { createImageAudience } from './services/image-audience.js';
import { createOpenUpload } from './services/uploads/open-upload.js';
import { createReceiveUpload } from './services/uploads/receive-upload.js';
import { removeExpiredUploads } from './services/uploads/remove-expired-uploads.js';
import { createUploadSigner } from './services/uploads/upload-signature.js';
import { createUserConsumer } from './services/user-consumer.js';
import { createUserImages } from './services/user-images.js';

/** Decoded, each of them may take 200 MB; and sharp uses several threads for one. */
const processing = { concurrency: 2, capacity: 64 };

export interface ImagesSubgraphOptions {
  readonly database: Database;
  readonly bus: EventBus;
  /** Where bytes are kept; closed by whoever opened it. */
  readonly objects: ObjectStore;
  readonly accessTokens: AccessTokenVerifier;
  /** 32 bytes that sign upload URLs; the same in every process of this subgraph. */
  readonly signingKey: Uint8Array;
  readonly logger: Logger;
  readonly now?: () => number;
}

/** Uploads, published images, avatars. */
export async function createImagesSubgraph(options: ImagesSubgraphOptions): Promise<Subgraph<ImagesContext>> {
  const { database, bus, objects, accessTokens, signingKey, logger, now = Date.now } = options;
  await database.migrate({ name: 'images', folder: join(projectRoot, 'subgraphs/images/prisma/migrations') });
  const typeDefs = parse(await readFile(join(projectRoot, 'schema/subgraphs/images.graphql'), 'utf8'));
  const prisma = createImagesPrisma(database);
  const images = createImageRepository(prisma);
  const uploads = createUploadRepository(prisma);
  const signer = createUploadSigner(signingKey);
  const relay = createOutboxRelay({ database: prisma, schema: imagesSchema, isAlone: database.isExclusive, bus, logger, now });
  const gallery = createGallery({ images, onAnnounced: () => relay.wake(), now });
  const openUpload = createOpenUpload({ uploads, objects, signer, now });
  const receiveUpload = createReceiveUpload({ uploads, objects, signer, now });
  const completeUpload = createCompleteUpload({
    uploads,
    images,
    objects,
    processor: createImageProcessor(),
    queue: createWorkQueue(processing),
    logger,
    now,
  });
  const userImages = createUserImages({ repository: createUserImagesRepository(prisma), objects, now });
  const relations = createRelationTable(prisma, imagesSchema);
  const hiddenProfiles = createHiddenProfileRepository(prisma);
  const imageAudience = createImageAudience({ relations, hiddenProfiles });
  await bus.subscribe(createUserConsumer({ userImages, relations, hiddenProfiles }));
  const removal = startExpiredUploadRemoval({ remove: () => removeExpiredUploads({ uploads, objects, logger, now }), logger });

  const schema = buildSubgraphSchema([{ typeDefs, resolvers }]);
  return {
    name: 'images',
    schema,
    sharing: declareSharing(schema, sharing),
    async createContext(headers) {
      return createImagesContext({
        viewer: await accessTokens.verify(headers.authorization),
        requestId: headers['x-request-id'] ?? randomUUID(),
        gallery,
        openUpload,
        completeUpload,
        userImages,
        imageAudience,
      });
    },
    async routes(app) {
      // A scope of its own, because the upload route changes how bodies are parsed.
      await app.register((scope, _options, done) => {
        putUploadRoute(receiveUpload)(scope);
        getMediaRoute(objects)(scope);
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
      await removal.close();
      await relay.close();
      await prisma.$disconnect();
    },
  };
}
