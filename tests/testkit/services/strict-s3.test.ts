import { describe, expect, it } from '@jest/globals';
import { checkSignature } from './strict-s3.js';

/**
 * The examples of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and sigv4-query-string-auth.html; keys
 * and signatures are the documentation's own.
 */
const examples = [
  {
    name: 'GET of a range',
    method: 'GET',
    url: '/test.txt',
    headers: { range: 'bytes=0-9', 'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
    signedHeaders: 'host;range;x-amz-content-sha256;x-amz-date',
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    body: '',
  },
  {
    name: 'PUT',
    method: 'PUT',
    url: '/test%24file.text',
    headers: {
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    },
    signedHeaders: 'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    body: 'Welcome to Amazon S3.',
  },
  {
    name: 'GET with a parameter without a value',
    method: 'GET',
    url: '/?lifecycle',
    headers: { 'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
    signedHeaders: 'host;x-amz-content-sha256;x-amz-date',
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    body: '',
  },
  {
    name: 'GET with parameters',
    method: 'GET',
    url: '/?max-keys=2&prefix=J',
    headers: { 'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
    signedHeaders: 'host;x-amz-content-sha256;x-amz-date',
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    body: '',
  },
];
const access = { accessKey: 'AKIAIOSFODNN7EXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', region: 'us-east-1' };
const signedAt = Date.UTC(2013, 4, 24);

const presigned = {
  method: 'GET',
  url:
    '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
    '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
    '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  headers: { host: 'examplebucket.s3.amazonaws.com' },
};

describe('What stands in for a real S3', () => {
  const toRequest = ({ method, url, headers, signedHeaders, signature }: (typeof examples)[number]) => ({
    method,
    url,
    headers: {
      ...headers,
      host: 'examplebucket.s3.amazonaws.com',
      'x-amz-date': '20130524T000000Z',
      authorization: `AWS4-HMAC-SHA256 Credential=${access.accessKey}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`,
    },
  });

  it.each(examples)("takes Amazon's published example of a $name, and not when anything is changed", (example) => {
    const request = toRequest(example);
    const check = (change: object, body = example.body, now = signedAt) =>
      checkSignature({ ...request, ...change }, Buffer.from(body), access, now);
    expect(check({})).toBeNull();
    expect(check({ method: 'DELETE' })).toBe('The signature is wrong');
    expect(check({ url: `/x${example.url}` })).toBe('The signature is wrong');
    expect(check({ headers: { ...request.headers, host: 'other' } })).toBe('The signature is wrong');
    expect(check({ headers: {} })).toBe('The request is not signed');
    expect(check({}, 'other')).toBe('The body is another');
    expect(check({}, example.body, signedAt + 15 * 60_000)).toBe('The request has expired');
  });

  it("takes Amazon's published example of a presigned URL, until it expires", () => {
    const check = (now: number, url = presigned.url) => checkSignature({ ...presigned, url }, Buffer.alloc(0), access, now);
    expect(check(signedAt + 86_399_999)).toBeNull();
    expect(check(signedAt + 86_400_000)).toBe('The request has expired');
    expect(check(signedAt, `${presigned.url}&response-content-type=text%2Fhtml`)).toBe('The signature is wrong');
    expect(check(signedAt, presigned.url.replace('Expires=86400', 'Expires=86401'))).toBe('The signature is wrong');
  });
});
