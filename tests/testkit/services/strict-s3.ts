import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { startS3, type S3Access } from './s3.js';

/** How the store misbehaves, from the next request on. */
export type S3Fault =
  | { readonly kind: 'None' }
  /** Takes connections and says nothing. */
  | { readonly kind: 'Silent' }
  /** Ends every connection. */
  | { readonly kind: 'HangsUp' }
  /** Ends one connection, as a store does that has waited long enough for the next request on it. */
  | { readonly kind: 'HangsUpOnce' }
  | { readonly kind: 'Fails'; readonly status: number }
  /** Breaks off after so many bytes of an answer's body. */
  | { readonly kind: 'CutsAnswers'; readonly after: number }
  /** Breaks off after so many bytes of a request's body. */
  | { readonly kind: 'CutsUploads'; readonly after: number };

export interface StrictS3 extends S3Access {
  readonly port: number;
  fault: S3Fault;
  /** Of requests refused for their signature: what was wrong. */
  readonly refused: readonly string[];
  /** How many requests have come. */
  readonly requests: () => number;
  close(): Promise<void>;
}

/**
 * An S3 that checks Signature V4, headers and query parameters alike, stores a body as a whole or not at all, and fails on demand. Behind
 * it is s3rver, which does none of that.
 */
export async function startStrictS3({ now = Date.now }: { now?: () => number } = {}): Promise<StrictS3> {
  const inner = await startS3();
  const refused: string[] = [];
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { fault } = strict;
    if (fault.kind === 'Silent') return;
    if (fault.kind === 'HangsUpOnce') {
      strict.fault = { kind: 'None' };
      request.socket.destroy();
      return;
    }
    if (fault.kind === 'HangsUp') return void request.socket.destroy();
    if (fault.kind === 'CutsUploads' && request.method === 'PUT') {
      cutUpload(request, fault.after);
      return;
    }
    // Whole before it goes on, so that half a body is never stored.
    const body = await buffer(request);
    if (fault.kind === 'Fails') return void response.writeHead(fault.status).end();
    const problem = checkSignature(request, body, inner, now());
    if (problem !== null) {
      refused.push(problem);
      response
        .writeHead(403, { 'content-type': 'application/xml' })
        .end(`<Error><Code>SignatureDoesNotMatch</Code><Message>${problem}</Message></Error>`);
      return;
    }
    pass(request, body, response);
  }

  function pass({ method, url = '/', headers }: IncomingMessage, body: Buffer, response: ServerResponse): void {
    httpRequest(`${inner.endpoint}${url}`, { method, headers }, (answered) => {
      response.writeHead(answered.statusCode ?? 500, answered.headers);
      const { fault } = strict;
      if (fault.kind !== 'CutsAnswers') return void answered.pipe(response);
      let left = fault.after;
      answered.on('data', (chunk: Buffer) => {
        response.write(chunk.subarray(0, left), () => {
          if (left <= 0) response.destroy();
        });
        left -= chunk.length;
      });
    })
      .on('error', () => response.destroy())
      .end(body);
  }

  const strict: StrictS3 = {
    ...inner,
    endpoint: `http://127.0.0.1:${address.port}`,
    port: address.port,
    fault: { kind: 'None' },
    refused,
    requests: () => requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await inner.close();
    },
  };
  return strict;
}

function cutUpload(request: IncomingMessage, after: number): void {
  let seen = 0;
  request.on('data', (chunk: Buffer) => {
    seen += chunk.length;
    if (seen >= after) request.socket.destroy();
  });
  request.on('error', () => undefined);
}

/** What is wrong with the signature of a request; null when nothing is. After AWS's description of Signature Version 4, and not after our code. */
export function checkSignature(
  request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  body: Buffer,
  { accessKey, secretKey, region }: Pick<S3Access, 'accessKey' | 'secretKey' | 'region'>,
  now: number,
): string | null {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const pairs = query === '' ? [] : query.split('&');
  const parameter = (name: string) => new URLSearchParams(query).get(name);
  const header = (name: string) => String(request.headers[name] ?? '').trim();
  const isPresigned = parameter('X-Amz-Signature') !== null;
  const field = (name: string) => new RegExp(`${name}=([^, ]+)`).exec(header('authorization'))?.[1] ?? '';

  const [credential, signedHeaders, signature, time] = isPresigned
    ? ['X-Amz-Credential', 'X-Amz-SignedHeaders', 'X-Amz-Signature', 'X-Amz-Date'].map((name) => parameter(name) ?? '')
    : [field('Credential'), field('SignedHeaders'), field('Signature'), header('x-amz-date')];
  if (!credential || !signedHeaders || !signature || !time) return 'The request is not signed';
  const [key, ...scope] = credential.split('/');
  const [date] = scope;
  if (key !== accessKey || scope.join('/') !== `${date ?? ''}/${region}/s3/aws4_request` || !time.startsWith(date ?? '-')) {
    return 'The credential is for something else';
  }
  if (!signedHeaders.split(';').includes('host')) return 'The host is not signed';

  const signedAt = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  const lifetimeMs = isPresigned ? Number(parameter('X-Amz-Expires')) * 1000 : 15 * 60_000;
  if (!(now < signedAt + lifetimeMs && now > signedAt - 15 * 60_000)) return 'The request has expired';

  const digest = isPresigned ? 'UNSIGNED-PAYLOAD' : header('x-amz-content-sha256');
  if (digest !== 'UNSIGNED-PAYLOAD' && digest !== sha256(body)) return 'The body is another';

  const canonical = [
    request.method,
    path,
    pairs
      .filter((pair) => !pair.startsWith('X-Amz-Signature='))
      .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
      .sort()
      .join('&'),
    ...signedHeaders.split(';').map((name) => `${name}:${header(name).replace(/ +/g, ' ')}`),
    '',
    signedHeaders,
    digest,
  ].join('\n');
  const toSign = `AWS4-HMAC-SHA256\n${time}\n${scope.join('/')}\n${sha256(canonical)}`;
  let signingKey: Buffer = Buffer.from(`AWS4${secretKey}`);
  for (const part of scope) signingKey = createHmac('sha256', signingKey).update(part).digest();
  const expected = createHmac('sha256', signingKey).update(toSign).digest();
  const given = Buffer.from(signature, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected) ? null : 'The signature is wrong';
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
