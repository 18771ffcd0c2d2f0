import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { ByteRange, ObjectStore } from '../../../../shared/objects/object-store.js';
import { isVariantName, pictureKey, variantKey, type Picture, type PictureVariant } from '../pictures/picture.js';
import type { PictureType } from '../processing/picture-processing.js';
import type { PictureCache } from './picture-cache.js';
import type { MakeVariantFormat } from './variant-formats.js';

/** For so long somebody waits for a type that is not made yet, in ms. Then they get the substitute. */
const patienceMs = 2000;

/** The bytes behind a public address, which never change. */
export interface Media {
  /** Of the object in the store. */
  readonly key: string;
  readonly contentType: PictureType;
  /** In bytes. */
  readonly size: number;
  /** Without quotes; tells nothing of the key. */
  readonly etag: string;
  /** Whether it stands in for a better one, which later viewers may get. */
  readonly isSubstitute: boolean;
  /** What there is when the store has lost this; null when nothing is. */
  readonly substitute: Media | null;
}

export interface MediaRequest {
  /** As `parseImageName` answers it. */
  readonly imageName: string;
  /** Null for the full picture. */
  readonly variant: string | null;
  readonly acceptsAvif: boolean;
}

export interface OpenedMedia {
  /** What was asked for, or its substitute. */
  readonly media: Media;
  /** Null for all of it. */
  readonly range: ByteRange | null;
  readonly body: Readable;
}

export interface Delivery {
  /** What is published under an address; null when nothing is, any more. */
  find(request: MediaRequest): Promise<Media | null>;
  /** Its bytes; null when they were deleted meanwhile. Rejects with an `UNAVAILABLE` `AppError` when the store fails. */
  open(media: Media, range: ByteRange | null): Promise<OpenedMedia | null>;
  /** Where clients get the bytes instead; null when it is here. */
  redirectOf(media: Media): string | null;
}

export interface DeliveryOptions {
  readonly pictures: PictureCache;
  readonly objects: Pick<ObjectStore, 'get' | 'presignDownload'>;
  readonly makeFormat: MakeVariantFormat;
  /** Cache-Control of what never changes, for the store to say. */
  readonly cacheControl: string;
  readonly wait?: (ms: number, options: { signal: AbortSignal }) => Promise<unknown>;
}

/** Finds published images by their public addresses. Whoever has an address may see the image. */
export function createDelivery({ pictures, objects, makeFormat, cacheControl, wait = waitFor }: DeliveryOptions): Delivery {
  async function avifOf(request: MediaRequest, picture: Picture, { name }: PictureVariant): Promise<Media | null> {
    const made = await inTime(makeFormat({ imageName: request.imageName, picture, variant: name, type: 'image/avif' }));
    if (!made) return null;
    pictures.forget(request.imageName);
    const current = await pictures.find(request.imageName);
    const variant = current?.variants.find((candidate) => candidate.name === name);
    return current === null || variant === undefined ? null : describeVariant(current, variant, 'image/avif');
  }

  /** The work goes on for those who come later. */
  async function inTime(work: Promise<boolean>): Promise<boolean> {
    const isOver = new AbortController();
    try {
      return await Promise.race([work, wait(patienceMs, { signal: isOver.signal }).then(() => false)]);
    } finally {
      isOver.abort();
    }
  }

  async function read({ key, size }: Media, range: ByteRange | null): Promise<Readable | null> {
    const found = await objects.get(key, range === null ? {} : { range });
    if (found === null) return null;
    if (found.object.size === size) return found.body;
    found.body.destroy();
    throw new Error(`Object ${key} has not the ${size} bytes that were stored`);
  }

  return {
    async find(request) {
      const picture = await pictures.find(request.imageName);
      if (picture === null) return null;
      if (request.variant === null) return describe(pictureKey(picture), picture.contentType, picture.size);
      if (!isVariantName(request.variant)) return null;
      const variant = picture.variants.find(({ name }) => name === request.variant);
      if (variant === undefined) return null;
      const webp = describeVariant(picture, variant, 'image/webp');
      if (!request.acceptsAvif) return webp;
      const substitute = webp === null ? null : { ...webp, isSubstitute: true };
      const avif = describeVariant(picture, variant, 'image/avif') ?? (await avifOf(request, picture, variant));
      return avif === null ? substitute : { ...avif, substitute };
    },

    async open(media, range) {
      const body = await read(media, range);
      if (body !== null) return { media, range, body };
      if (media.substitute === null) return null;
      const other = await read(media.substitute, null);
      return other === null ? null : { media: media.substitute, range: null, body: other };
    },

    redirectOf: ({ key, contentType }) => objects.presignDownload(key, { contentType, cacheControl, validForSeconds: 300 }),
  };
}

function describeVariant(picture: Picture, { name, formats }: PictureVariant, type: PictureType): Media | null {
  const size = formats[type];
  return size === undefined ? null : describe(variantKey(picture, name, type), type, size);
}

function describe(key: string, contentType: PictureType, size: number): Media {
  // An object that is published is never written again, so its key says as much as its bytes; and no look into the store is needed.
  return {
    key,
    contentType,
    size,
    etag: createHash('sha256').update(key).digest('base64url').slice(0, 22),
    isSubstitute: false,
    substitute: null,
  };
}

/** Without a trace when it is called off. */
async function waitFor(ms: number, options: { signal: AbortSignal }): Promise<void> {
  await setTimeout(ms, undefined, { ...options, ref: false }).catch(() => undefined);
}
