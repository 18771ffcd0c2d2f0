import { describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigurationError, readEnvironment } from '../config/environment.js';
import { checkS3Variables, createObjectStore, readS3Options, s3Variables } from './create-object-store.js';

function read(environment: Record<string, string>) {
  return readS3Options(readEnvironment(z.object(s3Variables).superRefine(checkS3Variables), environment));
}

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    read(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

describe('The configuration of S3', () => {
  it('names every problem at once', () => {
    expect(problemsOf({ S3_ENDPOINT: 'http://s3:9000' })).toEqual([
      expect.stringMatching(/^S3_ACCESS_KEY/),
      expect.stringMatching(/^S3_SECRET_KEY/),
    ]);
    expect(problemsOf({ S3_ACCESS_KEY: 'key' })).toEqual([expect.stringMatching(/^S3_ACCESS_KEY/)]);
    expect(problemsOf({ S3_ENDPOINT: 's3:9000', S3_PUBLIC_ENDPOINT: 'ftp://x', S3_BUCKET: 'A/b' })).toEqual([
      expect.stringMatching(/^S3_ENDPOINT/),
      expect.stringMatching(/^S3_PUBLIC_ENDPOINT/),
      expect.stringMatching(/^S3_BUCKET/),
      expect.stringMatching(/^S3_ACCESS_KEY is not set/),
      expect.stringMatching(/^S3_SECRET_KEY is not set/),
    ]);
  });

  it('redirects clients only where it knows to', () => {
    const s3 = { S3_ENDPOINT: 'http://s3:9000', S3_ACCESS_KEY: 'key', S3_SECRET_KEY: 'secret', S3_DELIVERY: 'redirect' };
    expect(problemsOf(s3)).toEqual([expect.stringMatching(/^S3_DELIVERY: redirect needs .*S3_PUBLIC_ENDPOINT/)]);
    expect(problemsOf({ S3_DELIVERY: 'redirect' })).toEqual([expect.stringMatching(/^S3_DELIVERY: redirect needs S3_ENDPOINT/)]);
    expect(problemsOf({ S3_DELIVERY: 'direct' })).toEqual([expect.stringMatching(/^S3_DELIVERY/)]);
    expect(read({ ...s3, S3_PUBLIC_ENDPOINT: 'https://s3.example' })).toMatchObject({ delivery: 'redirect' });
  });

  it('is null when nothing is set, and complete otherwise', () => {
    expect(read({})).toBeNull();
    expect(read({ S3_ENDPOINT: 'http://s3:9000/', S3_ACCESS_KEY: 'key', S3_SECRET_KEY: 'secret' })).toEqual({
      endpoint: 'http://s3:9000',
      publicEndpoint: undefined,
      accessKey: 'key',
      secretKey: 'secret',
      bucket: 'galaxia',
      region: 'us-east-1',
      delivery: 'proxy',
    });
  });

  it('keeps objects as files without S3', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'galaxia-objects-'));
    try {
      const store = await createObjectStore({ s3: null, folder: join(folder, 'made', 'when', 'missing') });
      await store.ping();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('fails at start when the endpoint does not answer', async () => {
    const s3 = read({ S3_ENDPOINT: 'http://127.0.0.1:1', S3_ACCESS_KEY: 'key', S3_SECRET_KEY: 'secret' });
    await expect(createObjectStore({ s3, folder: '' })).rejects.toThrow();
  });
});
