import { describe, expect, it } from '@jest/globals';
import { Client } from 'minio';
import { presignS3Request } from './presign-s3-request.js';

describe('presignS3Request', () => {
  it("makes the signature of Amazon's published example", () => {
    // https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html; the keys are the documentation's own.
    const url = presignS3Request(
      { method: 'GET', url: 'https://examplebucket.s3.amazonaws.com/test.txt', headers: {}, expiresInSeconds: 86_400 },
      { accessKey: 'AKIAIOSFODNN7EXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', region: 'us-east-1' },
      Date.UTC(2013, 4, 24),
    );
    expect(url).toBe(
      'https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256' +
        '&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400' +
        '&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    );
  });

  const credentials = { accessKey: 'key', secretKey: 'secret', region: 'eu-central-1' };
  const client = new Client({ endPoint: 's3.example', port: 9000, useSSL: false, pathStyle: true, ...credentials });
  const now = Date.UTC(2026, 10, 20, 12, 30, 15);

  it.each<Record<string, string>>([
    { 'response-content-type': 'image/webp' },
    { 'response-content-type': 'image/avif', 'response-cache-control': 'public, max-age=31536000, immutable' },
    { 'response-cache-control': "a b+c/d=e&f'g(h)i*j!k~l_m-n.o%p", 'response-content-disposition': 'inline; filename="ä.webp"' },
  ])('agrees with the minio client about the parameters %j', async (query) => {
    const ours = presignS3Request(
      { method: 'GET', url: 'http://s3.example:9000/bucket/a/b.webp', query, headers: {}, expiresInSeconds: 600 },
      credentials,
      now,
    );
    const theirs = await client.presignedUrl('GET', 'bucket', 'a/b.webp', 600, query, new Date(now));
    const parameters = (url: string) => Object.fromEntries(new URL(url).searchParams);
    expect(parameters(ours)).toEqual(parameters(theirs));
  });

  it('agrees with the minio client where that one can sign', async () => {
    expect(
      presignS3Request(
        { method: 'PUT', url: 'http://s3.example:9000/bucket/a/b.webp', headers: {}, expiresInSeconds: 900 },
        credentials,
        now,
      ),
    ).toBe(await client.presignedUrl('PUT', 'bucket', 'a/b.webp', 900, {}, new Date(now)));
  });

  it('binds key, type, size, time and secret', () => {
    const sign = (change: { url?: string; type?: string; length?: string; now?: number; secretKey?: string }) =>
      presignS3Request(
        {
          method: 'PUT',
          url: change.url ?? 'http://s3.example/bucket/a',
          headers: { 'content-type': change.type ?? 'image/png', 'content-length': change.length ?? '5' },
          expiresInSeconds: 900,
        },
        { accessKey: 'key', secretKey: change.secretKey ?? 'secret', region: 'us-east-1' },
        change.now ?? 0,
      );
    const signatures = [
      sign({}),
      sign({ url: 'http://s3.example/bucket/b' }),
      sign({ url: 'http://other.example/bucket/a' }),
      sign({ type: 'image/gif' }),
      sign({ length: '6' }),
      sign({ now: 1000 }),
      sign({ secretKey: 'other' }),
    ].map((url) => new URL(url).searchParams.get('X-Amz-Signature'));
    expect(new Set(signatures).size).toBe(7);
    expect(new URL(sign({})).searchParams.get('X-Amz-SignedHeaders')).toBe('content-length;content-type;host');
  });
});
