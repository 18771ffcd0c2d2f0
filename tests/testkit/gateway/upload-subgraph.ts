import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, GraphQLScalarType, parse } from 'graphql';
import { multipartBoundary, readMultipart } from '../../../shared/http/multipart.js';

type Resolvers = NonNullable<Extract<Parameters<typeof buildSubgraphSchema>[0], { resolvers?: unknown }>['resolvers']>;

/** What a resolver gets for a variable of type `Upload`, once awaited. */
export interface ReceivedFile {
  readonly filename: string;
  readonly mimetype: string | null;
  /** All of it; rejects when the request breaks off. */
  readonly content: Promise<Buffer>;
}

interface Place {
  readonly promise: Promise<ReceivedFile>;
  resolve(file: ReceivedFile): void;
  reject(error: Error): void;
}

export interface UploadSubgraph {
  readonly url: string;
  readonly typeDefs: string;
  readonly requests: readonly IncomingMessage[];
  /** Bytes of files that were read so far. */
  bytes(): number;
  /** How many requests have broken off. */
  brokenOff(): number;
  close(): Promise<void>;
}

export interface UploadSubgraphOptions {
  readonly typeDefs: string;
  readonly resolvers: Resolvers;
  /** Answers instead of it, and reads nothing, when it gives true. */
  readonly refuse?: (response: ServerResponse) => boolean;
  /** Waited for before each chunk of a file. */
  readonly beforeReading?: () => Promise<void>;
}

/** A subgraph that takes files as `graphql-upload` does: `operations`, then `map`, then the files, which resolvers wait for. */
export async function startUploadSubgraph(options: UploadSubgraphOptions): Promise<UploadSubgraph> {
  const schema = buildSubgraphSchema({
    typeDefs: parse(options.typeDefs),
    resolvers: { Upload: new GraphQLScalarType({ name: 'Upload', parseValue: readUpload }), ...options.resolvers },
  });
  const requests: IncomingMessage[] = [];
  let bytes = 0;
  let brokenOff = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests.push(request);
    if (options.refuse?.(response) === true) return;
    const boundary = multipartBoundary(request.headers['content-type']);
    const parts = readMultipart(boundary === null ? inParts(request) : request, boundary ?? 'one');
    const operations = JSON.parse(await textOf(await parts.next())) as { query: string; variables: Record<string, unknown> };
    const map = boundary === null ? {} : (JSON.parse(await textOf(await parts.next())) as Record<string, string[]>);
    const places = new Map<string, Place>();
    for (const [name, paths] of Object.entries(map)) {
      const place = createPlace();
      places.set(name, place);
      for (const path of paths) put(operations, path.split('.'), place);
    }
    const answered = graphql({ schema, source: operations.query, variableValues: operations.variables });
    try {
      for await (const { name, fileName, contentType, body } of parts) await receive(places.get(name), { fileName, contentType, body });
    } catch (error) {
      brokenOff += 1;
      for (const place of places.values()) place.reject(error as Error);
    }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(await answered));
  }

  async function receive(
    place: Place | undefined,
    { fileName, contentType, body }: { fileName: string; contentType: string | null; body: AsyncIterable<Buffer> },
  ): Promise<void> {
    const content = collect(body);
    content.catch(() => undefined);
    place?.resolve({ filename: fileName, mimetype: contentType, content });
    await content;
  }

  async function collect(body: AsyncIterable<Buffer>): Promise<Buffer> {
    const chunks: Buffer[] = [];
    await options.beforeReading?.();
    for await (const chunk of body) {
      bytes += chunk.length;
      chunks.push(chunk);
      await options.beforeReading?.();
    }
    return Buffer.concat(chunks);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    typeDefs: options.typeDefs,
    requests,
    bytes: () => bytes,
    brokenOff: () => brokenOff,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function readUpload(value: unknown): Promise<ReceivedFile> {
  if (typeof value === 'object' && value !== null && 'promise' in value) return (value as Place).promise;
  throw new TypeError('Upload value invalid.');
}

function createPlace(): Place {
  let resolve: Place['resolve'] = () => undefined;
  let reject: Place['reject'] = () => undefined;
  const promise = new Promise<ReceivedFile>((onFile, onError) => {
    resolve = onFile;
    reject = onError;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

function put(root: object, path: readonly string[], place: Place): void {
  let parent = root as Record<string, unknown>;
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string, unknown>;
  const last = path.at(-1) ?? '';
  if (parent[last] !== null) throw new Error('no null where a file belongs');
  parent[last] = place;
}

async function textOf({ value: part }: IteratorResult<{ body: AsyncIterable<Buffer> }, void>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of part?.body ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** A request without files, as a form of one field. */
async function* inParts(request: IncomingMessage): AsyncGenerator<Buffer> {
  yield Buffer.from('--one\r\ncontent-disposition: form-data; name="operations"\r\n\r\n');
  yield* request as AsyncIterable<Buffer>;
  yield Buffer.from('\r\n--one--\r\n');
}
