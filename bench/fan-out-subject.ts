/** One process of P8: the product's subgraphs, with a feed of changes in the place of presence, and a gateway over them; or such a gateway alone. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, parse } from 'graphql';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { createAuthenticate } from '../gateway/authentication/authenticate.js';
import { createHttpDataSource } from '../gateway/datasources/http/http-data-source.js';
import { createInProcessDataSource } from '../gateway/datasources/in-process/in-process-data-source.js';
import type { SubgraphDataSource } from '../gateway/datasources/subgraph-data-source.js';
import { createSupergraph } from '../gateway/supergraph/supergraph.js';
import { createFanOut, type FanOut } from '../gateway/subscriptions/fan-out/fan-out.js';
import { attachWebSocket } from '../gateway/subscriptions/websocket.js';
import { createAccessTokenVerifier } from '../shared/auth/access-token.js';
import { createRevocations } from '../shared/auth/revocations.js';
import { projectRoot } from '../shared/config/project-root.js';
import { openEmbedded } from '../shared/database/embedded/embedded.js';
import { createInProcessEventBus } from '../shared/events/buses/in-process-event-bus.js';
import { serveSubgraph } from '../shared/graphql/subgraph-server.js';
import type { Subgraph } from '../shared/graphql/subgraph.js';
import { createLogger } from '../shared/logging/logger.js';
import { createObjectStore } from '../shared/objects/create-object-store.js';
import { createRateLimits } from '../shared/rate-limits/rate-limits.js';
import { createAuthSubgraph } from '../subgraphs/auth/subgraph.js';
import { createImagesSubgraph } from '../subgraphs/images/subgraph.js';
import { createUsersSubgraph } from '../subgraphs/users/subgraph.js';
import { createFollowers } from './followers.js';
import { compose } from '../tests/testkit/gateway/little-supergraph.js';

/** What `fan-out.ts` asks of it, over IPC. One of the first two comes first and once. */
export type Question =
  /** Subgraphs with so many users, and a gateway in the same process. */
  | { readonly kind: 'product'; readonly followers: number }
  /** A gateway alone, over these subgraphs. */
  | { readonly kind: 'gateway'; readonly subgraphs: Subgraphs }
  /** The feed tells its subscribers of one change, as soon as they are so many. */
  | { readonly kind: 'publish'; readonly version: number; readonly subscribers: number }
  | { readonly kind: 'read' };

export interface Subgraphs {
  readonly urls: Readonly<Record<string, string>>;
  readonly jwks: JSONWebKeySet;
}

/** Ports of two doors: one where subscribers share what holds for everyone, and one where everything is done for each. */
export interface Doors {
  readonly together: number;
  readonly alone: number;
}

export interface Product {
  readonly subgraphs: Subgraphs;
  readonly doors: Doors;
  /** One for each follower. */
  readonly tokens: readonly string[];
}

/** Since the question before. */
export interface ReadAnswer {
  /** Entity fetches of the gateway. */
  readonly fetches: number;
  /** User and system time of the process, in µs. */
  readonly cpu: number;
}

const secret = 'of a measurement';
const logger = createLogger({ name: 'bench', level: 'error' });
const feedDefs = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Subscription { changes: Change! }
  type Change { user: User! statusMessage: String version: Int! }
  type User @key(fields: "id") { id: ID! }`;
const feedFollowers = createFollowers();
let userId = '';

const feed: Subgraph = {
  name: 'feed',
  schema: buildSubgraphSchema([
    { typeDefs: parse(feedDefs), resolvers: { Subscription: { changes: { subscribe: () => feedFollowers.follow() } } } },
  ]),
  createContext: () => Promise.resolve({}),
  ready: () => Promise.resolve([]),
  close: () => Promise.resolve(),
};

async function openSubgraphs(followers: number) {
  const database = await openEmbedded('memory://');
  const bus = createInProcessEventBus({ groups: ['auth', 'users', 'images'], logger });
  const revocations = createRevocations();
  const rateLimits = createRateLimits({ redisUrl: undefined, scale: 1_000_000, logger });
  const folder = mkdtempSync(join(tmpdir(), 'galaxia-bench-'));
  const common = { database, bus, revocations, rateLimits, logger };
  const auth = await createAuthSubgraph({
    ...common,
    encryptionKey: new Uint8Array(32).fill(1),
    publicUrl: () => 'http://127.0.0.1',
    mail: { smtpUrl: undefined, folder },
  });
  const accessTokens = createAccessTokenVerifier({ keys: auth.keys, revocations });
  const objects = await createObjectStore({ s3: null, folder });
  const subgraphs: readonly Subgraph[] = [
    auth,
    await createUsersSubgraph({ ...common, accessTokens, userEvents: null }),
    await createImagesSubgraph({ ...common, accessTokens, objects, signingKey: new Uint8Array(32).fill(2) }),
    feed,
  ];
  const tokens: string[] = [];
  const document = parse(
    'mutation ($input: LoginWithDeviceInput!) { loginWithDevice(input: $input) { ... on AuthPayload { accessToken user { id } } } }',
  );
  for (let index = 0; index < followers; index += 1) {
    const input = { deviceId: `device of follower ${index}`, deviceSecret: `a long secret of the device of follower ${index}` };
    const { data, errors } = await execute({
      schema: auth.schema,
      document,
      variableValues: { input },
      contextValue: await auth.createContext({ 'x-client-ip': `10.0.${index >> 8}.${index & 255}` }),
    });
    const payload = data?.loginWithDevice as { accessToken?: string; user?: { id: string } } | undefined;
    if (payload?.accessToken === undefined) throw new Error(`no guest: ${JSON.stringify(errors ?? data)}`);
    tokens.push(payload.accessToken);
    userId = payload.user?.id ?? '';
  }
  return { subgraphs, tokens, jwks: auth.jwks() };
}

async function serve(subgraphs: readonly Subgraph[]): Promise<Record<string, string>> {
  const served = await Promise.all(
    subgraphs.map(async (subgraph) => {
      const { url } = await serveSubgraph({ subgraph, host: '127.0.0.1', port: 0, gatewaySecret: secret, logger });
      return [subgraph.name, url] as const;
    }),
  );
  return Object.fromEntries(served);
}

async function openGateway(reach: (name: string) => SubgraphDataSource, jwks: JSONWebKeySet): Promise<Doors> {
  const typeDefs = (name: string) => readFileSync(join(projectRoot, `schema/subgraphs/${name}.graphql`), 'utf8');
  const path = join(mkdtempSync(join(tmpdir(), 'galaxia-bench-')), 'supergraph.graphql');
  writeFileSync(
    path,
    compose([
      ...['auth', 'users', 'sessions', 'images'].map((name) => ({ name, url: `http://${name}`, typeDefs: typeDefs(name) })),
      { name: 'feed', url: 'http://feed', typeDefs: feedDefs },
    ]),
  );
  const supergraph = await createSupergraph({
    path,
    logger,
    dataSource({ name }) {
      // Nothing of it is selected; its schema belongs to the others'.
      if (name === 'sessions') return createHttpDataSource({ name, url: 'http://127.0.0.1:1', secret: undefined, logger });
      const source = reach(name);
      return {
        ...source,
        fetch(request, caller) {
          fetches += 1;
          return source.fetch(request, caller);
        },
      };
    },
  });
  const revocations = createRevocations();
  const authenticate = createAuthenticate(createAccessTokenVerifier({ keys: createLocalJWKSet(jwks), revocations }));
  const openDoor = async (fanOut: FanOut): Promise<number> => {
    const server = createServer();
    attachWebSocket({
      server,
      supergraph,
      revocations,
      logger,
      origins: { allowed: [], publicUrl: undefined },
      fanOut,
      authenticate: ({ authorization, requestId }) =>
        authenticate({ authorization, requestId, clientAddress: '127.0.0.1', userAgent: undefined, headers: {} }),
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  };
  return { together: await openDoor(createFanOut()), alone: await openDoor(createFanOut({ limits: { maxEventCharacters: 0 } })) };
}

let fetches = 0;
let cpu = process.cpuUsage();

async function answer(question: Question): Promise<Product | Doors | ReadAnswer | null> {
  switch (question.kind) {
    case 'publish':
      while (feedFollowers.count() !== question.subscribers) await wait(5);
      feedFollowers.give({ changes: { user: { id: userId }, statusMessage: 'in the lobby', version: question.version } });
      return null;
    case 'read': {
      const { user, system } = process.cpuUsage(cpu);
      const read = { fetches, cpu: user + system };
      cpu = process.cpuUsage();
      fetches = 0;
      return read;
    }
    case 'gateway': {
      const { urls, jwks } = question.subgraphs;
      return openGateway((name) => createHttpDataSource({ name, url: urls[name] ?? '', secret, logger, timeoutMs: 60_000 }), jwks);
    }
    case 'product': {
      const { subgraphs, tokens, jwks } = await openSubgraphs(question.followers);
      const sources = new Map(subgraphs.map((subgraph) => [subgraph.name, createInProcessDataSource({ subgraph, logger })]));
      const doors = await openGateway((name) => {
        const source = sources.get(name);
        if (source === undefined) throw new Error(`no subgraph ${name}`);
        return source;
      }, jwks);
      return { doors, tokens, subgraphs: { urls: await serve(subgraphs), jwks } };
    }
  }
}

process.on('message', (question: Question) => {
  answer(question).then(
    (value) => process.send?.(value),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
