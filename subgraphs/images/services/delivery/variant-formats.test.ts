import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { AppError } from '../../../../shared/errors/app-error.js';
import { createLogger } from '../../../../shared/logging/logger.js';
import { openFileObjectStore } from '../../../../shared/objects/file-object-store.js';
import type { ObjectStore } from '../../../../shared/objects/object-store.js';
import type { Reservation } from '../pictures/object-removals.js';
import type { AddedFormat } from '../pictures/picture-repository.js';
import { pictureKey, variantKey, type Picture } from '../pictures/picture.js';
import type { PictureProcessor } from '../processing/picture-processing.js';
import { createVariantFormats, type MakeVariantFormat } from './variant-formats.js';

const picture: Picture = {
  id: 'picture',
  objectName: '0'.repeat(32),
  contentType: 'image/webp',
  size: 4,
  width: 200,
  height: 200,
  variants: [{ name: 'thumb', width: 96, height: 96, formats: { 'image/webp': 4 } }],
  placeholder: null,
  dominantColor: null,
};
const withAvif: Picture = {
  ...picture,
  variants: [{ name: 'thumb', width: 96, height: 96, formats: { 'image/webp': 4, 'image/avif': 9 } }],
};
const key = variantKey(picture, 'thumb', 'image/avif');
const wanted = { imageName: 'image.webp', picture, variant: 'thumb', type: 'image/avif' } as const;

describe('Making a variant in another type', () => {
  let folder: string;
  let objects: ObjectStore;
  let time: number;
  let encoded: string[];
  let encode: () => Promise<void>;
  let reserve: (keys: readonly string[]) => Reservation | null;
  let carriedOut: Reservation[];
  let added: AddedFormat[];
  let isAdded: boolean;
  let current: Picture | null;
  let make: MakeVariantFormat;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'galaxia-formats-'));
    objects = await openFileObjectStore({ folder: join(folder, 'objects') });
    await objects.put(pictureKey(picture), Buffer.from('full'), { contentType: 'image/webp', size: 4 });
    time = 0;
    [encoded, carriedOut, added, isAdded, current] = [[], [], [], true, picture];
    encode = () => Promise.resolve();
    reserve = (keys) => ({ keys, dueAt: new Date(time) });
    const processor: Pick<PictureProcessor, 'inTurn'> = {
      inTurn: (urgency, task) =>
        task({
          folder,
          process: () => Promise.reject(new Error('not asked for')),
          async encodeVariant(path, { name, format }) {
            encoded.push(`${urgency} ${name} ${format} of ${await readFile(path, 'utf8')}`);
            await encode();
            await writeFile(join(folder, 'made'), 'made avif');
            return { path: join(folder, 'made'), contentType: format, size: 9, width: 96, height: 96 };
          },
        }),
    };
    make = createVariantFormats({
      pictures: {
        find: () => Promise.resolve(current),
        isShownTo: () => Promise.resolve(true),
        addFormat: (_picture, format) => {
          added.push(format);
          return Promise.resolve(isAdded);
        },
      },
      removals: {
        reserve: (keys) => Promise.resolve(reserve(keys)),
        async carryOut(reservation) {
          carriedOut.push(reservation);
          for (const reserved of reservation.keys) await objects.delete(reserved);
        },
        sweep: () => Promise.resolve(0),
      },
      objects,
      processor,
      logger: createLogger({ name: 'test', level: 'silent' }),
      now: () => time,
    });
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('encodes the full picture, with less urgency than an upload, and stores it before it is announced', async () => {
    expect(await make(wanted)).toBe(true);
    expect(encoded).toEqual(['variant thumb image/avif of full']);
    expect(added).toEqual([{ name: 'thumb', type: 'image/avif', size: 9 }]);
    const found = await objects.get(key);
    expect(found?.object).toMatchObject({ contentType: 'image/avif', size: 9 });
    expect(found === null ? null : (await buffer(found.body)).toString()).toBe('made avif');
    expect(carriedOut).toEqual([]);
  });

  it('works once for all who ask at the same time', async () => {
    expect(await Promise.all([make(wanted), make(wanted), make(wanted)])).toEqual([true, true, true]);
    expect(encoded).toHaveLength(1);
  });

  it('leaves it to whoever has reserved the object', async () => {
    reserve = () => null;
    expect(await make(wanted)).toBe(false);
    expect([added, carriedOut, await objects.head(key)]).toEqual([[], [], null]);
  });

  it('puts nothing down for removal that another process has published meanwhile', async () => {
    encode = () => Promise.resolve(void (current = withAvif));
    reserve = () => {
      throw new Error('reserved');
    };
    expect(await make(wanted)).toBe(true);
    expect(carriedOut).toEqual([]);
  });

  it('makes it again when the store has lost it', async () => {
    current = withAvif;
    expect(await make({ ...wanted, picture: withAvif })).toBe(true);
    expect(await objects.head(key)).not.toBeNull();
  });

  it('removes it again when the picture was deleted meanwhile', async () => {
    isAdded = false;
    expect(await make(wanted)).toBe(false);
    expect(carriedOut).toMatchObject([{ keys: [key] }]);
    expect(await objects.head(key)).toBeNull();
  });

  it('makes nothing of a picture that is gone', async () => {
    await objects.delete(pictureKey(picture));
    expect(await make(wanted)).toBe(false);
    await objects.put(pictureKey(picture), Buffer.from('full'), { contentType: 'image/webp', size: 4 });
    current = null;
    expect(await make(wanted)).toBe(false);
    expect([added, await objects.head(key)]).toEqual([[], null]);
  });

  it('waits a minute after a failure, which nobody else notices', async () => {
    encode = () => Promise.reject(new Error('the decoder has ended'));
    expect(await make(wanted)).toBe(false);
    time = 59_999;
    expect(await make(wanted)).toBe(false);
    expect(encoded).toHaveLength(1);
    time = 60_000;
    encode = () => Promise.resolve();
    expect(await make(wanted)).toBe(true);
    expect(encoded).toHaveLength(2);
  });

  it('does not wait after it was refused for too much work', async () => {
    encode = () => Promise.reject(new AppError('UNAVAILABLE', 'Too busy.', { retryAfter: 1 }));
    expect(await make(wanted)).toBe(false);
    encode = () => Promise.resolve();
    expect(await make(wanted)).toBe(true);
  });
});
