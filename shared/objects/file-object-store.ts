import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm, stat, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { exactSize } from './exact-size.js';
import { assertByteRange, assertObjectKey, type ObjectStore, type StoredObject } from './object-store.js';

/**
 * Type and checksum stand behind the bytes in the same file, padded to this length: one rename then publishes both, and the file still
 * opens in a viewer. In bytes.
 */
const footerLength = 256;
const footer = z.object({ contentType: z.string(), etag: z.string(), size: z.int().nonnegative() });
/** What is no longer is read at once: for a thumbnail, opening a stream costs more than its bytes. */
const smallLength = 64 * 1024;
/** What a crash left half-written is removed once it is this old. In ms. */
const abandonedAfterMs = 60 * 60_000;

export interface FileObjectStoreOptions {
  /** Made when missing. */
  readonly folder: string;
  readonly now?: () => number;
  /** Opens files to be written; a test's disk may be full. */
  readonly openToWrite?: (path: string) => Promise<FileHandle>;
}

/** Keeps objects as files below `folder`. */
export async function openFileObjectStore({
  folder,
  now = Date.now,
  openToWrite = (path) => open(path, 'wx', 0o600),
}: FileObjectStoreOptions): Promise<ObjectStore> {
  // A key never begins with a dot, so this folder cannot clash with one.
  const unfinished = join(folder, '.unfinished');
  await mkdir(unfinished, { recursive: true });
  await removeAbandoned(unfinished, now() - abandonedAfterMs);

  function pathOf(key: string): string {
    assertObjectKey(key);
    return join(folder, key);
  }

  /** Reads the footer and, when all of the file fits into `readAhead` bytes more, its content with it. */
  async function openObject(
    key: string,
    readAhead = 0,
  ): Promise<{ file: FileHandle; object: StoredObject; content: Buffer | null } | null> {
    const file = await open(pathOf(key), 'r').catch(nullWhenMissing);
    if (file === null) return null;
    try {
      const { size } = await file.stat();
      const length = size <= footerLength + readAhead ? size : footerLength;
      const { buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, size - length);
      const object = readFooter(buffer.subarray(-footerLength), size - footerLength);
      if (object === null) throw new Error(`The file of object ${key} is damaged`);
      return { file, object, content: length === size ? buffer.subarray(0, object.size) : null };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  return {
    async put(key, body, { contentType, size }) {
      const path = pathOf(key);
      const temporary = join(unfinished, randomUUID());
      try {
        const file = await openToWrite(temporary);
        try {
          const hash = createHash('sha256');
          await pipeline(Buffer.isBuffer(body) ? Readable.from([body]) : body, exactSize(size), async (chunks: AsyncIterable<Buffer>) => {
            for await (const chunk of chunks) {
              hash.update(chunk);
              await file.appendFile(chunk);
            }
          });
          await file.appendFile(writeFooter({ contentType, size, etag: hash.digest('base64url').slice(0, 32) }));
          // Without it, a power cut after the rename may leave a file of the right name and no content.
          await file.sync();
        } finally {
          await file.close();
        }
        const made = await mkdir(dirname(path), { recursive: true });
        await rename(temporary, path);
        await syncFolder(dirname(path));
        // A new folder stands in the one above, which has to remember it as well.
        if (made !== undefined) await syncFolders(dirname(path), dirname(made));
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },
    async get(key, { range } = {}) {
      const opened = await openObject(key, smallLength);
      if (opened === null) return null;
      const { file, object, content } = opened;
      let isHandedOver = false;
      try {
        if (range !== undefined) assertByteRange(range, object.size);
        if (content !== null) {
          const bytes = range === undefined ? content : content.subarray(range.start, range.end + 1);
          return { object, body: Readable.from(bytes.length === 0 ? [] : [bytes], { objectMode: false }) };
        }
        isHandedOver = true;
        return { object, body: file.createReadStream(range ?? { start: 0, end: object.size - 1 }) };
      } finally {
        if (!isHandedOver) await file.close();
      }
    },
    async head(key) {
      const opened = await openObject(key);
      await opened?.file.close();
      return opened?.object ?? null;
    },
    async delete(key) {
      await unlink(pathOf(key)).catch(nullWhenMissing);
    },
    presignUpload: () => Promise.resolve(null),
    presignDownload: () => null,
    async ping() {
      await access(unfinished, constants.W_OK);
    },
    close: () => Promise.resolve(),
  };
}

function writeFooter(object: StoredObject): Buffer {
  const text = Buffer.from(JSON.stringify(object));
  if (text.length > footerLength) throw new TypeError('The content type is too long');
  return Buffer.concat([text, Buffer.alloc(footerLength - text.length, ' ')]);
}

/** Null when it is not the footer of `size` bytes. */
function readFooter(bytes: Buffer, size: number): StoredObject | null {
  try {
    const object = footer.parse(JSON.parse(bytes.toString('utf8')));
    return object.size === size ? object : null;
  } catch {
    return null;
  }
}

function nullWhenMissing(error: unknown): null {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return null;
  throw error;
}

/** Makes a rename in `folder` survive a power cut. Windows cannot and need not. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Every folder above `inner`, up to `outer`. */
async function syncFolders(inner: string, outer: string): Promise<void> {
  for (let folder = inner; folder !== outer;) {
    folder = dirname(folder);
    await syncFolder(folder);
  }
}

async function removeAbandoned(folder: string, before: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path);
    if (mtimeMs < before) await rm(path, { force: true });
  }
}
