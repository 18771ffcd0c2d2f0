import { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Client } from 'minio';
import { request } from 'undici';
import { exactSize } from './exact-size.js';
import {
  assertByteRange,
  assertObjectKey,
  SizeMismatchError,
  type ByteRange,
  type ObjectStore,
  type PutOptions,
  type StoredObject,
} from './object-store.js';
import { presignS3Request } from './presign-s3-request.js';
import { createS3Transport } from './s3-transport.js';

export interface S3Options {
  /** `http(s)://host[:port]` of the S3 API as this process reaches it. */
  readonly endpoint: string;
  /** The same API as clients reach it. Without it nobody but this process needs to reach the store, and uploads pass through it. */
  readonly publicEndpoint?: string | undefined;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly bucket: string;
  readonly region: string;
  /** How clients get bytes: through this process, or from the public endpoint by themselves. */
  readonly delivery?: 'proxy' | 'redirect';
}

export interface S3ObjectStoreOptions extends S3Options {
  /** A store that says nothing for this long counts as down. In ms. */
  readonly silenceMs?: number;
  readonly now?: () => number;
}

/** Keeps objects in a bucket of any S3, which is made when missing. */
export async function openS3ObjectStore({
  bucket,
  publicEndpoint,
  accessKey,
  secretKey,
  region,
  delivery = 'proxy',
  silenceMs = 30_000,
  now = Date.now,
  ...options
}: S3ObjectStoreOptions): Promise<ObjectStore> {
  const endpoint = new URL(options.endpoint);
  const useSSL = endpoint.protocol === 'https:';
  const { agent, transport } = createS3Transport({ useSSL, silenceMs });
  const client = new Client({
    endPoint: endpoint.hostname,
    port: endpoint.port === '' ? (useSSL ? 443 : 80) : Number(endpoint.port),
    useSSL,
    accessKey,
    secretKey,
    region,
    pathStyle: true,
    transportAgent: agent,
    transport,
  });

  await createMissingBucket(client, bucket, region);

  function presign(origin: string, key: string, { contentType, size }: PutOptions, expiresInSeconds: number): string {
    const headers = { 'content-type': contentType, 'content-length': String(size) };
    return presignS3Request(
      { method: 'PUT', url: `${origin}/${bucket}/${key}`, headers, expiresInSeconds },
      { accessKey, secretKey, region },
      now(),
    );
  }

  async function putStream(key: string, body: Readable, options: PutOptions): Promise<void> {
    const response = await request(presign(endpoint.origin, key, options, 60), {
      method: 'PUT',
      headers: { 'content-type': options.contentType, 'content-length': String(options.size) },
      body,
      headersTimeout: silenceMs,
      bodyTimeout: silenceMs,
    });
    await response.body.dump();
    if (response.statusCode !== 200) throw new Error(`The object store answered ${response.statusCode} to a new object`);
  }

  return {
    async put(key, body, { contentType, size }) {
      assertObjectKey(key);
      if (Buffer.isBuffer(body)) {
        if (body.length !== size) throw new SizeMismatchError(size);
        await onFreshConnection(() => client.putObject(bucket, key, body, size, { 'Content-Type': contentType }));
        return;
      }
      // `minio` reads a whole stream into memory first.
      const checked = exactSize(size);
      await Promise.all([pipeline(body, checked), putStream(key, checked, { contentType, size })]);
    },
    async get(key, { range } = {}) {
      assertObjectKey(key);
      if (range !== undefined) assertByteRange(range, Infinity);
      const body = await onFreshConnection(() =>
        range === undefined
          ? client.getObject(bucket, key)
          : client.getPartialObject(bucket, key, range.start, range.end - range.start + 1),
      ).catch(nullWhenMissing);
      if (body === null) return null;
      if (!(body instanceof IncomingMessage)) throw new TypeError('The S3 client answered something else than a response');
      try {
        return { object: describeResponse(body, range), body };
      } catch (error) {
        body.destroy();
        throw error;
      }
    },
    async head(key) {
      assertObjectKey(key);
      const found = await onFreshConnection(() => client.statObject(bucket, key)).catch(nullWhenMissing);
      if (found === null) return null;
      const contentType: unknown = found.metaData['content-type'];
      return storedObject({ size: found.size, contentType: typeof contentType === 'string' ? contentType : undefined, etag: found.etag });
    },
    async delete(key) {
      assertObjectKey(key);
      await onFreshConnection(() => client.removeObject(bucket, key)).catch(nullWhenMissing);
    },
    presignUpload(key, { contentType, size, expiresInSeconds }) {
      assertObjectKey(key);
      if (publicEndpoint === undefined) return Promise.resolve(null);
      return Promise.resolve({
        url: presign(new URL(publicEndpoint).origin, key, { contentType, size }, expiresInSeconds),
        method: 'PUT' as const,
        // Content-Length is signed too, but not told: every HTTP client sets it itself, and browsers refuse to have it set.
        headers: [{ name: 'Content-Type', value: contentType }],
      });
    },
    presignDownload(key, { contentType, cacheControl, validForSeconds }) {
      assertObjectKey(key);
      if (delivery === 'proxy' || publicEndpoint === undefined) return null;
      // Signed as of the beginning of the interval, so that everybody gets the same URL in it and caches are of use.
      const interval = validForSeconds * 1000;
      return presignS3Request(
        {
          method: 'GET',
          url: `${new URL(publicEndpoint).origin}/${bucket}/${key}`,
          query: { 'response-cache-control': cacheControl, 'response-content-type': contentType },
          headers: {},
          expiresInSeconds: 2 * validForSeconds,
        },
        { accessKey, secretKey, region },
        Math.floor(now() / interval) * interval,
      );
    },
    async ping() {
      if (!(await client.bucketExists(bucket))) throw new Error('The bucket is gone');
    },
    close() {
      agent.destroy();
      return Promise.resolve();
    },
  };
}

async function createMissingBucket(client: Client, bucket: string, region: string): Promise<void> {
  if (await client.bucketExists(bucket)) return;
  try {
    await client.makeBucket(bucket, region);
  } catch (error) {
    // Another process that started at the same time was faster.
    if (!['BucketAlreadyOwnedByYou', 'BucketAlreadyExists'].includes(codeOf(error))) throw error;
  }
}

function storedObject(found: { size: number; contentType: string | undefined; etag: string | undefined }): StoredObject {
  return {
    size: found.size,
    contentType: found.contentType ?? 'application/octet-stream',
    etag: (found.etag ?? '').replaceAll('"', ''),
  };
}

/** What a response to a GET says about the whole object. */
function describeResponse({ headers, statusCode }: IncomingMessage, range: ByteRange | undefined): StoredObject {
  const described = { contentType: headers['content-type'], etag: headers.etag };
  if (range === undefined) return storedObject({ size: Number(headers['content-length']), ...described });
  const [, start, end, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
  if (statusCode !== 206 || size === undefined) throw new Error('The object store does not answer ranges');
  assertByteRange(range, Number(size));
  if (Number(start) !== range.start || Number(end) !== range.end) throw new Error('The object store answered another range');
  return storedObject({ size: Number(size), ...described });
}

/**
 * Tries once more after a reset: most likely the store has closed a kept connection at the moment when it was to be used again. Everything
 * that is asked of the store can be asked twice.
 */
async function onFreshConnection<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (!['ECONNRESET', 'EPIPE'].includes(codeOf(error))) throw error;
    return run();
  }
}

function nullWhenMissing(error: unknown): null {
  if (['NoSuchKey', 'NotFound'].includes(codeOf(error))) return null;
  if (codeOf(error) === 'InvalidRange') throw new RangeError('The object has not that many bytes', { cause: error });
  throw error;
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
