import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestPostgres } from '../testkit/services/postgres.js';
import { freePorts } from '../testkit/services/free-ports.js';
import { startProcess, type ProductProcess } from '../testkit/services/process.js';
import { startRedis, type TestRedis } from '../testkit/services/redis.js';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';

/** One process of the cluster, which comes back on the same port. */
export interface Node {
  readonly name: string;
  readonly url: string;
  /** Whether a balancer would send anybody there. */
  isUp(): boolean;
  /** How a balancer finds out that it does not answer, or does again. */
  setUp(isUp: boolean): void;
  readonly pid: () => number;
  readonly output: () => string;
  /** Ends it, and starts it again when it is gone. Resolves when it is ready. */
  restart(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  stop(): Promise<void>;
}

export interface SessionsNode extends Node {
  /** Its way to Redis. */
  readonly redis: TcpProxy;
}

export interface Cluster {
  readonly gateways: readonly Node[];
  readonly sessions: readonly SessionsNode[];
  readonly redis: () => TestRedis;
  /** Kills it like a power cut; it comes back with what it had written. */
  restartRedis(): Promise<void>;
  /** Every connection from a gateway, or another process, to any `sessions` process. */
  cutSessions(): void;
  /** All that the processes have printed. */
  output(): string;
  stop(): Promise<void>;
}

/** How far the clocks of the `sessions` processes are off, in ms. More than 5 s behind, and they refuse tokens as not yet valid (SECURITY 16). */
const clockShifts = [0, 300_000, -4_000];

/** `Date` of a whole process, from before its first line. */
function shiftedClock(ms: number): Record<string, string> {
  if (ms === 0) return {};
  const source = `const Real=Date,ms=${ms};globalThis.Date=class extends Real{constructor(...a){a.length===0?super(Real.now()+ms):super(...a)}static now(){return Real.now()+ms}}`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(source)}` };
}

async function startNode(name: string, entry: string, port: number, environment: Readonly<Record<string, string>>): Promise<Node> {
  const url = `http://127.0.0.1:${String(port)}`;
  let outputBefore = '';
  let isUp = false;
  let running: ProductProcess;
  async function start(): Promise<void> {
    running = startProcess(entry, { ...environment, PORT: String(port) });
    await running.untilReady(`${url}/health/${name.startsWith('gateway') ? 'live' : 'ready'}`);
    isUp = true;
  }
  const started = start();
  // Set by the time that anybody asks: `start` begins at once.
  const current = (): ProductProcess => running;
  await started;
  return {
    name,
    url,
    isUp: () => isUp,
    setUp: (up) => void (isUp = up),
    pid() {
      const { pid } = current().child;
      if (pid === undefined) throw new Error(`${name} has no process id`);
      return pid;
    },
    output: () => outputBefore + current().output(),
    async restart(signal) {
      isUp = false;
      await current().stop(signal);
      outputBefore += `${current().output()}\n--- ${signal} ---\n`;
      await start();
    },
    async stop() {
      await current().stop('SIGKILL');
    },
  };
}

/** `sessions` replicas behind a balancer, two gateways, auth and users, on one Redis that persists and one Postgres. */
export async function startCluster({
  postgres,
  replicas,
}: {
  readonly postgres: TestPostgres;
  readonly replicas: number;
}): Promise<Cluster> {
  const dataDir = await mkdtemp(join(tmpdir(), 'galaxia-chaos-'));
  const database = await postgres.createDatabase();
  let redis = await startRedisIn(dataDir);
  const redisUrl = (port: number) => `redis://127.0.0.1:${String(port)}`;
  const [authPort = 0, usersPort = 0, imagesPort = 0, ...ports] = await freePorts(3 + 2 + replicas);
  const sessions: SessionsNode[] = [];
  const portOf = (node: Node) => Number(new URL(node.url).port);
  const sessionsPorts = ports.slice(2);
  let isStarting = true;
  const balancer = await startTcpProxy(() => (isStarting ? sessionsPorts.slice(0, 1) : sessions.filter((node) => node.isUp()).map(portOf)));
  const origin = (port: number) => `http://127.0.0.1:${String(port)}`;
  const common = {
    DATA_DIR: dataDir,
    PUBLIC_URL: origin(ports[0] ?? 0),
    GATEWAY_SECRET: 'only-for-tests-only-for-tests-only-for-tests',
    AUTH_URL: `${origin(authPort)}/graphql`,
    USERS_URL: `${origin(usersPort)}/graphql`,
    SESSIONS_URL: `${origin(balancer.port)}/graphql`,
    IMAGES_URL: `${origin(imagesPort)}/graphql`,
    AUTH_DATABASE_URL: database,
    USERS_DATABASE_URL: database,
    SESSIONS_DATABASE_URL: database,
    REDIS_URL: redisUrl(redis.port),
    RATE_LIMIT_SCALE: '1000',
  };

  async function startSessions(index: number): Promise<SessionsNode> {
    const proxy = await startTcpProxy(() => [redis.port]);
    const environment = { ...common, REDIS_URL: redisUrl(proxy.port), ...shiftedClock(clockShifts[index % clockShifts.length] ?? 0) };
    const node = await startNode(`sessions ${String(index)}`, 'subgraphs/sessions/main.js', sessionsPorts[index] ?? 0, environment);
    return { ...node, redis: proxy };
  }

  const gatewayPorts = ports.slice(0, 2);
  const [auth, users, ofSessions, gateways] = await Promise.all([
    startNode('auth', 'subgraphs/auth/main.js', authPort, common),
    startNode('users', 'subgraphs/users/main.js', usersPort, common),
    Promise.all(Array.from({ length: replicas }, (_, index) => startSessions(index))),
    Promise.all(gatewayPorts.map((port, index) => startNode(`gateway ${String(index)}`, 'gateway/main.js', port, common))),
  ]);
  sessions.push(...ofSessions);
  isStarting = false;
  const nodes = [auth, users, ...sessions, ...gateways];

  return {
    gateways,
    sessions,
    redis: () => redis,
    async restartRedis() {
      const { port } = redis;
      await redis.stop();
      redis = await startRedisIn(dataDir, port);
    },
    cutSessions: () => balancer.cut(),
    output: () => nodes.map((node) => `=== ${node.name}\n${node.output()}`).join('\n'),
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
      await Promise.all([balancer.close(), ...sessions.map((node) => node.redis.close())]);
      await redis.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function startRedisIn(folder: string, port?: number): Promise<TestRedis> {
  const redis = await startRedis({ folder, ...(port === undefined ? {} : { port }) });
  if (redis === null) throw new Error('redis-server was not found: ask for it first');
  return redis;
}
