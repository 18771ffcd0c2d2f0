import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { startStrictS3, type S3Fault, type StrictS3 } from '../../tests/testkit/services/strict-s3.js';
import { AppError } from '../errors/app-error.js';
import { createLogger } from '../logging/logger.js';
import { availableObjectStore } from './available-object-store.js';
import { openFileObjectStore } from './file-object-store.js';
import { SizeMismatchError, type ObjectStore } from './object-store.js';
import { openS3ObjectStore } from './s3-object-store.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const bytes = randomBytes(60_000);
const options = { contentType: 'image/webp', size: bytes.length };
const unavailable: unknown = expect.objectContaining({ code: 'UNAVAILABLE', retryAfter: 5 });

/** In pieces, as it comes from a client. */
function stream(content = bytes): Readable {
  return Readable.from(Array.from({ length: 10 }, (_, index) => content.subarray(index * 6000, (index + 1) * 6000)));
}

async function read(store: ObjectStore, key: string): Promise<Buffer | null> {
  const found = await store.get(key);
  return found === null ? null : buffer(found.body);
}

describe('With an S3 that fails', () => {
  let s3: StrictS3;
  let store: ObjectStore;
  let silent: ObjectStore;

  beforeAll(async () => {
    s3 = await startStrictS3();
    store = availableObjectStore(await openS3ObjectStore({ ...s3, bucket: 'faults' }), logger);
    silent = availableObjectStore(await openS3ObjectStore({ ...s3, bucket: 'faults', silenceMs: 2000 }), logger);
  });
  beforeEach(() => store.put('old', bytes, options));
  afterEach(() => {
    s3.fault = { kind: 'None' };
  });
  afterAll(async () => {
    await store.close();
    await silent.close();
    await s3.close();
  });

  const faults: S3Fault[] = [
    { kind: 'HangsUp' },
    { kind: 'Silent' },
    { kind: 'Fails', status: 500 },
    { kind: 'Fails', status: 503 },
    { kind: 'Fails', status: 429 },
  ];
  it.each(faults)('($kind $status) every operation is UNAVAILABLE, changes nothing, and works again afterwards', async (fault) => {
    const tried = fault.kind === 'Silent' ? silent : store;
    s3.fault = fault;
    for (const attempt of [
      tried.put('new', bytes, options),
      tried.put('new', stream(), options),
      tried.put('old', randomBytes(bytes.length), options),
      tried.get('old'),
      tried.get('old', { range: { start: 1, end: 2 } }),
      tried.head('old'),
      tried.delete('old'),
    ]) {
      await expect(attempt).rejects.toEqual(unavailable);
    }
    s3.fault = { kind: 'None' };
    expect(await store.head('new')).toBeNull();
    expect(await read(store, 'old')).toEqual(bytes);
    await store.put('again', stream(), options);
    expect(await read(store, 'again')).toEqual(bytes);
  });

  it('does not fail because the store has ended a connection that was kept', async () => {
    for (const operation of [
      () => store.put('new', bytes, options),
      () => store.head('new'),
      () => read(store, 'new'),
      () => store.get('new', { range: { start: 0, end: 1 } }).then((found) => found?.body.destroy()),
      () => store.delete('new'),
    ]) {
      s3.fault = { kind: 'HangsUpOnce' };
      await operation();
      expect(s3.fault).toEqual({ kind: 'None' });
    }
  });

  it('shows nothing of the cause, and keeps it for the log', async () => {
    s3.fault = { kind: 'HangsUp' };
    const error: unknown = await store.head('old').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).message).not.toMatch(/\d|socket|ECONN/);
    expect((error as AppError).cause).toHaveProperty('message');
  });

  it.each([1, 30_000, 59_999])('stores nothing of a body that it takes %d bytes of, and keeps what was there', async (after) => {
    s3.fault = { kind: 'CutsUploads', after };
    for (const key of ['new', 'old']) {
      await expect(store.put(key, stream(randomBytes(bytes.length)), options)).rejects.toEqual(unavailable);
    }
    s3.fault = { kind: 'None' };
    expect(await store.head('new')).toBeNull();
    expect(await read(store, 'old')).toEqual(bytes);
  });

  it.each([1, 30_000, 59_999])('never takes an answer that breaks off after %d bytes for a whole one', async (after) => {
    s3.fault = { kind: 'CutsAnswers', after };
    const found = await store.get('old');
    expect(found?.object.size).toBe(bytes.length);
    await expect(found === null ? null : buffer(found.body)).rejects.toThrow();
  });

  it('tells a client that goes away from a store that does', async () => {
    const gone = Readable.from(
      (function* () {
        yield bytes.subarray(0, 1000);
        throw new Error('the client has gone');
      })(),
    );
    await expect(store.put('new', gone, options)).rejects.toThrow('the client has gone');
    await expect(store.put('new', Readable.from([bytes.subarray(1)]), options)).rejects.toThrow(SizeMismatchError);
    await expect(store.get('old', { range: { start: 0, end: bytes.length } })).rejects.toThrow(RangeError);
    expect(await store.head('new')).toBeNull();
  });
});

describe('With files on a disk that fails', () => {
  let folder: string;
  let room: number;
  let store: ObjectStore;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'galaxia-objects-'));
    room = Infinity;
    store = availableObjectStore(await openFileObjectStore({ folder, openToWrite: openOnSmallDisk }), logger);
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** A disk that is full after `room` bytes. */
  async function openOnSmallDisk(path: string) {
    const file = await open(path, 'wx', 0o600);
    const append = file.appendFile.bind(file);
    file.appendFile = async (data, given) => {
      room -= data.length;
      if (room < 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      await append(data, given);
    };
    return file;
  }

  it.each([0, 1, 30_000, bytes.length, bytes.length + 255])(
    'full after %d bytes, it stores nothing, leaves nothing and keeps what was there',
    async (left) => {
      await store.put('a/old', bytes, options);
      for (const key of ['a/old', 'a/new']) {
        room = left;
        await expect(store.put(key, stream(randomBytes(bytes.length)), options)).rejects.toEqual(unavailable);
      }
      expect(await readdir(join(folder, '.unfinished'))).toEqual([]);
      expect(await readdir(join(folder, 'a'))).toEqual(['old']);
      expect(await read(store, 'a/old')).toEqual(bytes);
    },
  );

  it('with room for exactly one object more it stores that', async () => {
    room = bytes.length + 256;
    await store.put('a/new', stream(), options);
    expect(await read(store, 'a/new')).toEqual(bytes);
  });

  it.each([0, 255, 256, 1000, bytes.length])('serves nothing of a file of which only %d bytes are left', async (length) => {
    await store.put('old', bytes, options);
    await truncate(join(folder, 'old'), length);
    await expect(store.get('old')).rejects.toEqual(unavailable);
    await expect(store.head('old')).rejects.toEqual(unavailable);
  });
});
