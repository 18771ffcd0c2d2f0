import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Caller, FetchRequest } from '../../../gateway/datasources/subgraph-data-source.js';
import type { WireResult } from '../../../gateway/datasources/wire.js';
import { createGraphqlDoor, type GraphqlDoorOptions } from '../../../gateway/http/graphql-door.js';
import { createOperationPolicy } from '../../../gateway/policy/operation-policy.js';
import { createSupergraph, type Supergraph } from '../../../gateway/supergraph/supergraph.js';
import { createLogger } from '../../../shared/logging/logger.js';
import { answeringSource } from './answering-source.js';
import { until } from '../until.js';

/** What a subgraph is asked, and waits for a test to answer. */
export interface Question {
  readonly request: FetchRequest;
  readonly caller: Caller;
  readonly answer: (result: WireResult) => void;
}

/** A supergraph whose subgraphs answer what a test says, when it says so. */
export interface AskedSupergraph {
  readonly supergraph: Supergraph;
  /** Oldest first. */
  readonly asked: readonly Question[];
  /** Waits for it. */
  question(index: number): Promise<Question>;
  /** Changes the file of the supergraph, and waits until it is served. */
  replaceSupergraph(sdl: string): Promise<void>;
  close(): Promise<void>;
}

/** The HTTP door alone over such a supergraph. */
export interface AskedDoor extends AskedSupergraph {
  readonly url: string;
  /** As a proxy does that ends. */
  closeConnections(): void;
}

const logger = createLogger({ name: 'test', level: 'silent' });

export async function openAskedSupergraph(sdl: string): Promise<AskedSupergraph> {
  const asked: Question[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'door-'));
  const path = join(folder, 'supergraph.graphql');
  await writeFile(path, sdl);
  const dataSource = () => answeringSource((request, caller) => new Promise((answer) => asked.push({ request, caller, answer })));
  const supergraph = await createSupergraph({ path, dataSource, logger, pollIntervalMs: 10 });
  return {
    supergraph,
    asked,
    async question(index) {
      await until(() => asked.length > index, `question ${index}`);
      const found = asked[index];
      if (found === undefined) throw new Error('nothing was asked');
      return found;
    },
    async replaceSupergraph(next) {
      const replaced = new Promise((resolve) => supergraph.onChange(resolve));
      await writeFile(path, next);
      await replaced;
    },
    async close() {
      await supergraph.close();
      await rm(folder, { recursive: true });
    },
  };
}

export async function openAskedDoor(sdl: string, options: Partial<GraphqlDoorOptions> = {}): Promise<AskedDoor> {
  const under = await openAskedSupergraph(sdl);
  const { supergraph } = under;
  const door = createGraphqlDoor({
    supergraph,
    authenticate: ({ requestId }) => Promise.resolve({ viewer: null, subgraphHeaders: { 'x-request-id': requestId } }),
    policy: createOperationPolicy(),
    trustsProxy: () => false,
    corsOrigins: [],
    logger,
    ...options,
  });
  const server = createServer((request, response) => void door.handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();

  return {
    ...under,
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/graphql`,
    closeConnections: () => server.closeAllConnections(),
    async close() {
      server.closeAllConnections();
      server.close();
      await under.close();
    },
  };
}
