import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Viewer } from '../../../shared/auth/viewer.js';
import { newUpload } from '../tests/fixtures.js';
import type { Image } from './image.js';
import type { Reservation } from './pictures/object-removals.js';
import { uploadKey } from './uploads/upload.js';
import { createUserImages, type UserImagesRepository } from './user-images.js';

const userId = randomUUID();
const upload = newUpload({ ownerId: userId });
const image: Image = {
  id: upload.id,
  ownerId: userId,
  purpose: 'GALLERY',
  name: `${'a'.repeat(32)}.webp`,
  contentType: 'image/webp',
  size: 7,
  width: 40,
  height: 30,
  variants: [],
  placeholder: null,
  dominantColor: null,
  createdAt: new Date(0),
};

/** With `batches` of objects to be removed; writes down what happens. */
function setUp({ batches = [], isStoreDown = false }: { batches?: Reservation[]; isStoreDown?: boolean }) {
  const steps: unknown[] = [];
  const repository: UserImagesRepository = {
    close: () => Promise.resolve([upload]),
    deleteSome: () => Promise.resolve(batches.shift() ?? null),
    forget: (id) => Promise.resolve(void steps.push(['forget', id])),
    read: () => Promise.resolve({ images: [image], avatarId: image.id }),
  };
  const objects = {
    delete: (key: string) => (isStoreDown ? Promise.reject(new Error('no store')) : Promise.resolve(void steps.push(['delete', key]))),
  };
  const removals = { carryOut: (removal: Reservation) => Promise.resolve(void steps.push(['carry out', removal.keys])) };
  return { steps, userImages: createUserImages({ repository, objects, removals }) };
}

describe('The images of a user', () => {
  it('are erased by the batch, and whose they were is forgotten last', async () => {
    const batches = [['a', 'b'], ['c']].map((keys) => ({ keys, dueAt: new Date(0) }));
    const { steps, userImages } = setUp({ batches });
    await userImages.erase(userId);
    expect(steps).toEqual([
      ['delete', uploadKey(upload)],
      ['carry out', ['a', 'b']],
      ['carry out', ['c']],
      ['forget', userId],
    ]);
  });

  it('are not forgotten while raw bytes of theirs are still there, so that the erasure is tried again', async () => {
    const { steps, userImages } = setUp({ isStoreDown: true });
    await expect(userImages.erase(userId)).rejects.toThrow('no store');
    expect(steps).toEqual([]);
  });

  it('are exported to themself alone', async () => {
    const { userImages } = setUp({});
    const viewer = (id: string): Viewer => ({
      userId: id,
      username: 'u',
      sessionId: 's',
      roles: ['ADMIN'],
      authenticatedAt: 0,
      expiresAt: 0,
    });
    for (const stranger of [null, viewer(randomUUID())]) expect(await userImages.export(stranger, userId)).toBeNull();
    const exported = await userImages.export(viewer(userId), userId);
    expect(exported).toMatchObject({ avatarId: image.id, images: [{ id: image.id, path: `/media/${image.name}`, width: 40 }] });
    expect(exported?.images[0]).not.toHaveProperty('ownerId');
  });
});
