import { createHash, createHmac } from 'node:crypto';

export interface S3Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
}

export interface S3Request {
  readonly method: 'GET' | 'PUT';
  /** Scheme, host and path as the request will have them, without a query. Path segments hold only characters that need no escape. */
  readonly url: string;
  /** Parameters beside those of the signature, for example `response-content-type`. */
  readonly query?: Readonly<Record<string, string>>;
  /** Headers that the sender must send unchanged, by lower-case name; `host` is added. */
  readonly headers: Readonly<Record<string, string>>;
  readonly expiresInSeconds: number;
}

/**
 * `request` as a URL that anyone may send until it expires (AWS Signature Version 4, query parameters). Our own because the `minio`
 * client leaves Content-Type and Content-Length out of what it signs, and they are what binds an upload to its type and size.
 */
export function presignS3Request(request: S3Request, { accessKey, secretKey, region }: S3Credentials, now: number): string {
  const url = new URL(request.url);
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const headers = Object.entries({ ...request.headers, host: url.host }).sort(([a], [b]) => (a < b ? -1 : 1));
  const signedHeaders = headers.map(([name]) => name).join(';');
  const query = [
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${accessKey}/${scope}`],
    ['X-Amz-Date', time],
    ['X-Amz-Expires', String(request.expiresInSeconds)],
    ['X-Amz-SignedHeaders', signedHeaders],
    ...Object.entries(request.query ?? {}),
  ]
    .map(([name = '', value = '']) => `${escape(name)}=${escape(value)}`)
    .sort()
    .join('&');
  const canonical = [
    request.method,
    url.pathname,
    query,
    ...headers.map(([name, value]) => `${name}:${value}`),
    '',
    signedHeaders,
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = scope.split('/').reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${secretKey}`);
  return `${url.origin}${url.pathname}?${query}&X-Amz-Signature=${hmac(key, toSign).toString('hex')}`;
}

/** RFC 3986, as the signature wants it: `encodeURIComponent` leaves five more characters as they are. */
function escape(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
