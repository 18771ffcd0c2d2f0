import type { ImageQuota } from '../../shared/config/image-quota-settings.js';
import type { Logger } from '../../shared/logging/logger.js';
import type { ObjectStore } from '../../shared/objects/object-store.js';
import { createRelationTable } from '../../shared/users/relation-table.js';
import { createHiddenProfileRepository } from './data/hidden-profile-repository.js';
import { createImageRepository } from './data/image-repository.js';
import { createObjectRemovalRepository } from './data/object-removal-repository.js';
import { createPictureRepository } from './data/picture-repository.js';
import { imagesSchema, type ImagesPrisma } from './data/prisma.js';
import { createUploadRepository } from './data/upload-repository.js';
import { createUserImagesRepository } from './data/user-images-repository.js';
import { createDelivery } from './services/delivery/delivery.js';
import { createPictureCache } from './services/delivery/picture-cache.js';
import { createVariantFormats } from './services/delivery/variant-formats.js';
import { createGallery } from './services/gallery/gallery.js';
import { createImageAudience } from './services/image-audience.js';
import { createImageUsage } from './services/image-usage.js';
import { createObjectRemovals } from './services/pictures/object-removals.js';
import { createPictureDigests } from './services/pictures/picture-digest.js';
import { createPictureProcessor } from './services/processing/picture-processor.js';
import { createCompleteUpload } from './services/uploads/complete-upload.js';
import { createOpenUpload } from './services/uploads/open-upload.js';
import { createPublishFile } from './services/uploads/publish-file.js';
import { createReceiveUpload } from './services/uploads/receive-upload.js';
import { createReserveUpload } from './services/uploads/reserve-upload.js';
import { createUploadSigner } from './services/uploads/upload-signature.js';
import { createUserImages } from './services/user-images.js';

export interface ServiceOptions {
  readonly prisma: ImagesPrisma;
  readonly objects: ObjectStore;
  /** As for `createImagesSubgraph`. */
  readonly signingKey: Uint8Array;
  /** Of each user. */
  readonly quota: ImageQuota;
  /** `Cache-Control` of what never changes. */
  readonly cacheControl: string;
  /** Called after an announcement may have been committed to the outbox. */
  readonly onAnnounced: () => void;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Wires the rules of images to each other. Close `processor` first of all; nothing else of it runs in the background. */
export function composeServices({ prisma, signingKey, quota, cacheControl, onAnnounced, ...common }: ServiceOptions) {
  const { objects, now } = common;
  const images = createImageRepository(prisma);
  const pictures = createPictureRepository(prisma);
  const uploads = createUploadRepository(prisma);
  const relations = createRelationTable(prisma, imagesSchema);
  const hiddenProfiles = createHiddenProfileRepository(prisma);
  const removals = createObjectRemovals({ ...common, repository: createObjectRemovalRepository(prisma) });
  const signer = createUploadSigner(signingKey);
  const digests = createPictureDigests(signingKey);
  const processor = createPictureProcessor({ logger: common.logger });
  const reserveUpload = createReserveUpload({ uploads, quota, now });
  const completeUpload = createCompleteUpload({ ...common, uploads, images, pictures, removals, digests, processor });
  return {
    /** For resolvers. */
    ofOperations: {
      gallery: createGallery({ images, removals, onAnnounced, now }),
      openUpload: createOpenUpload({ reserveUpload, objects, signer, now }),
      completeUpload,
      imageUsage: createImageUsage({ uploads, quota, now }),
      userImages: createUserImages({ repository: createUserImagesRepository(prisma), objects, removals, now }),
      imageAudience: createImageAudience({ relations, hiddenProfiles }),
    },
    /** For routes. */
    receiveUpload: createReceiveUpload({ uploads, objects, signer, now }),
    publishFile: createPublishFile({ reserveUpload, completeUpload, uploads, objects, now }),
    delivery: createDelivery({
      pictures: createPictureCache({ pictures, now }),
      objects,
      makeFormat: createVariantFormats({ ...common, pictures, removals, processor }),
      cacheControl,
    }),
    processor,
    relations,
    hiddenProfiles,
    uploads,
    removals,
  };
}
