import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttpDataSource } from '../../../gateway/datasources/http/http-data-source.js';
import type { OnFetch } from '../../../gateway/datasources/on-fetch.js';
import { createGraphqlDoor } from '../../../gateway/http/graphql-door.js';
import { createOperationPolicy } from '../../../gateway/policy/operation-policy.js';
import { createLiveClients } from '../../../gateway/subscriptions/live-clients.js';
import { createStreamDoor } from '../../../gateway/subscriptions/stream-door.js';
import { createSupergraph } from '../../../gateway/supergraph/supergraph.js';
import type { UploadLimits } from '../../../gateway/http/uploads/upload-limits.js';
import { createRevocations } from '../../../shared/auth/revocations.js';
import { createLogger } from '../../../shared/logging/logger.js';
import { compose } from './little-supergraph.js';
import { startUploadSubgraph, type ReceivedFile, type UploadSubgraph } from './upload-subgraph.js';

const logger = createLogger({ name: 'test', level: 'silent' });

const files = /* GraphQL */ `
  scalar Upload
  scalar Anything
  input Document {
    title: String
    file: Upload!
    pages: [Upload]
  }
  type Query {
    sizeOf(file: Upload!): Int
    folder: Folder
    any(value: Anything): String
  }
  type Mutation {
    keep(file: Upload): String
    keepAll(files: [Upload!]!): [String]
    keepDocument(document: Document!): String
  }
  type Folder @key(fields: "id") {
    id: ID!
  }
`;
const others = /* GraphQL */ `
  scalar Upload
  type Query {
    peek(file: Upload!): String
  }
  type Mutation {
    scan(file: Upload!): String
    plain(text: String): String
  }
  type Folder @key(fields: "id") {
    id: ID!
    contains(file: Upload!): String
  }
`;
const closed = /* GraphQL */ `
  scalar Upload
  type Mutation {
    archive(file: Upload): String
  }
  type Subscription {
    watch(file: Upload): Int
  }
  type Query {
    closed: Boolean
  }
`;

const describeFile = async (file: Promise<ReceivedFile> | undefined | null): Promise<string> => {
  if (file === undefined || file === null) return 'no file';
  const { filename, mimetype, content } = await file;
  return `${filename} ${mimetype} ${(await content).toString()}`;
};
type WithFile = { file: Promise<ReceivedFile> };

const filesResolvers = {
  Query: {
    sizeOf: async (_: unknown, { file }: WithFile) => (await (await file).content).length,
    folder: () => ({ id: '1' }),
    any: (_: unknown, { value }: { value: unknown }) => JSON.stringify(value),
  },
  Mutation: {
    keep: (_: unknown, { file }: WithFile) => describeFile(file),
    keepAll: (_: unknown, { files: all }: { files: Promise<ReceivedFile>[] }) => Promise.all(all.map(describeFile)),
    keepDocument: async (_: unknown, { document }: { document: { title: string; pages?: Promise<ReceivedFile>[] } & WithFile }) =>
      [document.title, await describeFile(document.file), ...(await Promise.all((document.pages ?? []).map(describeFile)))].join('; '),
  },
};
const othersResolvers = {
  Query: { peek: (_: unknown, { file }: WithFile) => describeFile(file) },
  Mutation: {
    scan: (_: unknown, { file }: WithFile) => describeFile(file),
    plain: (_: unknown, { text }: { text: string }) => text,
  },
  Folder: { contains: (_: unknown, { file }: WithFile) => describeFile(file) },
};

export interface UploadGateway {
  /** Of the GraphQL endpoint. */
  readonly url: string;
  /** How the subgraphs behave; they read and answer at once by default. */
  readonly behaviour: {
    refuse: ((response: ServerResponse) => boolean) | undefined;
    beforeReading: (() => Promise<void>) | undefined;
  };
  /** Those that take files, and one that does not. */
  readonly subgraphs: readonly UploadSubgraph[];
  /** Requests that subgraphs got. */
  asked(): number;
  close(): Promise<void>;
}

/** A gateway before subgraphs that take files. */
export async function startUploadGateway(options: { limits: UploadLimits; timeoutMs: number; onFetch?: OnFetch }): Promise<UploadGateway> {
  const behaviour: UploadGateway['behaviour'] = { refuse: undefined, beforeReading: undefined };
  const hooks = {
    refuse: (response: ServerResponse) => behaviour.refuse?.(response) ?? false,
    beforeReading: async () => behaviour.beforeReading?.(),
  };
  const subgraphs = await Promise.all([
    startUploadSubgraph({ ...hooks, typeDefs: files, resolvers: filesResolvers }),
    startUploadSubgraph({ ...hooks, typeDefs: others, resolvers: othersResolvers }),
    startUploadSubgraph({ typeDefs: closed, resolvers: {} }),
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'uploads-'));
  const path = join(folder, 'supergraph.graphql');
  const names = ['files', 'others', 'closed'];
  await writeFile(path, compose(subgraphs.map((each, index) => ({ name: names[index] ?? '', url: each.url, typeDefs: each.typeDefs }))));
  const { timeoutMs, onFetch } = options;
  const supergraph = await createSupergraph({
    path,
    logger,
    dataSource: ({ name, url }) =>
      createHttpDataSource({ name, url, secret: undefined, logger, timeoutMs, onFetch, takesFiles: name !== 'closed' }),
  });
  const policy = createOperationPolicy();
  const live = createLiveClients({ supergraph, revocations: createRevocations() });
  const door = createGraphqlDoor({
    supergraph,
    streams: createStreamDoor({ live, policy, logger }),
    authenticate: ({ requestId, headers }) => {
      const address = headers['x-client-address'];
      const known = typeof address === 'string' ? { 'x-client-ip': address } : {};
      return Promise.resolve({ viewer: null, subgraphHeaders: { 'x-request-id': requestId, ...known } });
    },
    policy,
    trustsProxy: () => false,
    corsOrigins: [],
    uploadLimits: options.limits,
    logger,
  });
  const server = createServer((request, response) => void door.handle(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    behaviour,
    subgraphs,
    asked: () => subgraphs.reduce((sum, { requests }) => sum + requests.length, 0),
    async close() {
      server.closeAllConnections();
      server.close();
      live.close();
      await supergraph.close();
      await Promise.all(subgraphs.map((each) => each.close()));
      await rm(folder, { recursive: true });
    },
  };
}

export const preflight = { 'apollo-require-preflight': 'true' };

export type FormEntry = readonly [name: string, content: string | Blob | readonly [content: Blob, fileName: string]];

export interface UploadAnswer {
  readonly status: number;
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string; readonly path?: unknown; readonly extensions: Record<string, unknown> }[];
}

/** The same as `sendForm`, whatever the answer is. */
export function postForm(url: string, entries: readonly FormEntry[], headers: Record<string, string>): Promise<Response> {
  const form = new FormData();
  for (const [name, content] of entries) {
    if (typeof content === 'string') form.append(name, content);
    else if (content instanceof Blob) form.append(name, content);
    else form.append(name, content[0], content[1]);
  }
  return fetch(url, { method: 'POST', headers, body: form });
}

/** Sends a form as browsers do. */
export async function sendForm(
  url: string,
  entries: readonly FormEntry[],
  headers: Record<string, string> = preflight,
): Promise<UploadAnswer> {
  const response = await postForm(url, entries, headers);
  return { ...((await response.json()) as Omit<UploadAnswer, 'status'>), status: response.status };
}

export const operations = (query: string, variables: object = {}): FormEntry => ['operations', JSON.stringify({ query, variables })];
export const mapped = (map: object): FormEntry => ['map', JSON.stringify(map)];
export const textFile = (name: string, content: string, fileName = `${name}.txt`): FormEntry => [
  name,
  [new Blob([content], { type: 'text/plain' }), fileName],
];
