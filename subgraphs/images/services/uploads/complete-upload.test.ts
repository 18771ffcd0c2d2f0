import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../../../shared/logging/logger.js';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { AppError } from '../../../../shared/errors/app-error.js';
import { openFileObjectStore } from '../../../../shared/objects/file-object-store.js';
import type { ObjectStore } from '../../../../shared/objects/object-store.js';
import { fakeObjectRemovals } from '../../tests/fake-object-removals.js';
import { fakePublications } from '../../tests/fake-publications.js';
import { newUpload } from '../../tests/fixtures.js';
import { createObjectRemovals } from '../pictures/object-removals.js';
import { createPictureDigests } from '../pictures/picture-digest.js';
import type { PictureProcessor, PictureResult } from '../processing/picture-processing.js';
import { createCompleteUpload, type CompleteUploadDependencies } from './complete-upload.js';
import { uploadKey, type Upload } from './upload.js';

const [alice, bob] = ['alice', 'bob'].map((username): Viewer => ({
  userId: randomUUID(),
  username,
  sessionId: 's',
  roles: ['USER'],
  authenticatedAt: 0,
  expiresAt: 0,
})) as [Viewer, Viewer];
const logger = createLogger({ name: 'test', level: 'silent' });
const digests = createPictureDigests(new Uint8Array(32));
const noStore = () => Promise.reject(new Error('no store'));
const hour = 3_600_000;

describe('Completing an upload', () => {
  let folder: string;
  let objects: ObjectStore;
  let upload: Upload;
  let bobs: Upload;
  let repository: ReturnType<typeof fakeObjectRemovals>;
  let stored: ReturnType<typeof fakePublications>;
  let now: number;
  /** How many pictures were made. */
  let made: number;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'galaxia-complete-'));
    objects = await openFileObjectStore({ folder: join(folder, 'objects') });
    [upload, bobs] = [newUpload({ ownerId: alice.userId }), newUpload({ ownerId: bob.userId })];
    repository = fakeObjectRemovals();
    stored = fakePublications([upload, bobs], repository);
    [now, made] = [1000, 0];
    for (const each of [upload, bobs]) await send(each, 'bytes');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const send = (to: Upload, text: string) => objects.put(uploadKey(to), Buffer.from(text), { contentType: 'image/png', size: text.length });

  const process = async (into: string): Promise<PictureResult> => {
    made += 1;
    const file = async (name: string) => {
      await writeFile(join(into, name), name);
      return { path: join(into, name), contentType: 'image/webp' as const, size: name.length, width: 1, height: 1 };
    };
    const thumb = { ...(await file('thumb')), name: 'thumb' as const };
    return { kind: 'Encoded', full: await file('full'), variants: [thumb], placeholder: 'p', dominantColor: '#000000' };
  };

  /** With results of `process`, one decoder for everybody. */
  function processorOf(work: typeof process): Pick<PictureProcessor, 'inTurn'> {
    return {
      async inTurn(_urgency, task) {
        const own = await mkdtemp(join(folder, 'work-'));
        return task({ folder: own, process: () => work(own), encodeVariant: () => Promise.reject(new Error('not used here')) });
      },
    };
  }

  /** A process of its own. */
  function start(change: Partial<CompleteUploadDependencies> = {}) {
    const all = { objects, ...change };
    const removals = createObjectRemovals({ repository, objects: all.objects, logger, now: () => now });
    const completeUpload = createCompleteUpload({
      ...stored,
      removals,
      digests,
      processor: processorOf(process),
      logger,
      now: () => now,
      ...all,
    });
    return { complete: (viewer = alice, { id } = upload) => completeUpload(viewer, id), sweep: () => removals.sweep() };
  }

  const keysInStore = async () => (await readdir(join(folder, 'objects', 'images')).catch(() => [])).map((name) => `images/${name}`).sort();

  it('leaves everything as it was when the database fails, and succeeds afterwards', async () => {
    const failing = start({ uploads: { ...stored.uploads, publish: () => Promise.reject(new Error('no database')) } });
    await expect(failing.complete()).rejects.toThrow('no database');
    expect(await objects.head(uploadKey(upload))).not.toBeNull();
    // Nobody knows whether it was committed, so nobody may remove anything yet.
    expect(await keysInStore()).toEqual([...repository.down.keys()].sort());
    expect(await start().complete()).toMatchObject({ kind: 'Published' });
    now += hour;
    expect(await start().sweep()).toBe(2);
    expect(await keysInStore()).toEqual(stored.keys());
  });

  it('publishes nothing when the store fails in the middle, and removes the rest', async () => {
    const put: ObjectStore['put'] = (key, ...rest) => (key.includes('thumb') ? noStore() : objects.put(key, ...rest));
    await expect(start({ objects: { ...objects, put } }).complete()).rejects.toThrow('no store');
    expect(stored.published()).toEqual([]);
    expect(await keysInStore()).toEqual([]);
    expect(repository.down.size).toBe(0);
  });

  it('loses track of nothing when the store fails altogether', async () => {
    const put: ObjectStore['put'] = (key, ...rest) => (key.includes('thumb') ? noStore() : objects.put(key, ...rest));
    await expect(start({ objects: { ...objects, put, delete: noStore } }).complete()).rejects.toThrow('no store');
    expect(await keysInStore()).toHaveLength(1);
    now += hour;
    await start().sweep();
    expect(await keysInStore()).toEqual([]);
  });

  it('succeeds although the raw bytes cannot be removed', async () => {
    expect(await start({ objects: { ...objects, delete: noStore } }).complete()).toMatchObject({ kind: 'Published' });
  });

  it('leaves the upload open when too many wait', async () => {
    const busy = start({ processor: { inTurn: () => Promise.reject(new AppError('UNAVAILABLE', 'busy', { retryAfter: 5 })) } });
    await expect(busy.complete()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 5 });
    expect(await start().complete()).toMatchObject({ kind: 'Published' });
  });

  it('answers the image of whichever process was first, and removes what the other has made', async () => {
    const [one, other] = [start(), start()];
    const answers = await Promise.all([one.complete(), other.complete(), one.complete(), other.complete()]);
    expect(stored.published()).toHaveLength(1);
    for (const answer of answers) expect(answer).toEqual({ kind: 'Published', image: stored.published()[0] });
    expect(made).toBe(2);
    expect(await keysInStore()).toEqual(stored.keys());
  });

  it('processes once for parallel calls in one process', async () => {
    const once = start();
    await Promise.all([once.complete(), once.complete(), once.complete()]);
    expect(made).toBe(1);
  });

  it('stores the same bytes of two owners once, although both make them at the same time', async () => {
    const answers = await Promise.all([start().complete(), start().complete(bob, bobs)]);
    expect(answers.map(({ kind }) => kind)).toEqual(['Published', 'Published']);
    const [first, second] = stored.published();
    expect(first?.name).not.toBe(second?.name);
    expect(await keysInStore()).toEqual(stored.keys());
    expect(stored.keys()).toHaveLength(2);
  });

  describe('with bytes that are a picture already', () => {
    beforeEach(() => start().complete());

    it('makes nothing for who sees that picture', async () => {
      expect(await start().complete(bob, bobs)).toMatchObject({ kind: 'Published' });
      expect(made).toBe(1);
    });

    it('works as long as ever for who does not see it, so that the time tells them nothing, and stores nothing', async () => {
      const unseen = start({ pictures: { isShownTo: () => Promise.resolve(false) } });
      expect(await unseen.complete(bob, bobs)).toMatchObject({ kind: 'Published' });
      expect(made).toBe(2);
      expect(await keysInStore()).toEqual(stored.keys());
      expect(stored.keys()).toHaveLength(2);
    });

    it('makes the picture again when it goes in the very moment', async () => {
      const pictures = {
        isShownTo() {
          stored.deleteImages();
          return Promise.resolve(true);
        },
      };
      expect(await start({ pictures }).complete(bob, bobs)).toMatchObject({ kind: 'Published' });
      expect(made).toBe(2);
    });
  });

  it('rejects more bytes than were promised, and waits for fewer', async () => {
    await send(upload, 'byte');
    expect(await start().complete()).toEqual({ kind: 'Incomplete', expected: 5 });
    await send(upload, 'bytes!');
    expect(await start().complete()).toEqual({ kind: 'Rejected', code: 'TOO_LARGE' });
    expect(await objects.head(uploadKey(upload))).toBeNull();
  });

  it.each(['byte', 'bytes!', ''])('waits when the client sends %j while they are read', async (text) => {
    const get: ObjectStore['get'] = async (...arguments_) => {
      await send(upload, text);
      return objects.get(...arguments_);
    };
    expect(await start({ objects: { ...objects, get } }).complete()).toEqual({ kind: 'Incomplete', expected: 5 });
    expect(made).toBe(0);
  });

  it('says the same no as ever to what was refused', async () => {
    const refusing = start({ processor: processorOf(() => Promise.resolve({ kind: 'Rejected', code: 'CORRUPT' })) });
    for (const each of [refusing, refusing, start()]) expect(await each.complete()).toEqual({ kind: 'Rejected', code: 'CORRUPT' });
    expect(await objects.head(uploadKey(upload))).toBeNull();
  });

  it('answers its image also after the upload is forgotten, to its owner', async () => {
    const answer = await start().complete();
    stored.forgetUploads();
    expect(await start().complete()).toEqual(answer);
    expect(await start().complete(bob)).toEqual({ kind: 'NotFound' });
  });

  it('does not find the image of an upload that was deleted since', async () => {
    await start().complete();
    stored.deleteImages();
    expect(await start().complete()).toEqual({ kind: 'NotFound' });
  });
});
