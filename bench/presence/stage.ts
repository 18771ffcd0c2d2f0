import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import pg from 'pg';
import { accessTokenAlgorithm } from '../../shared/auth/access-token.js';
import { jwksPath } from '../../shared/graphql/paths.js';
import { compiled } from '../compiled.js';
import { startPostgres } from '../../tests/testkit/services/postgres.js';
import { freePorts } from '../../tests/testkit/services/free-ports.js';
import { startProcess, type ProductProcess } from '../../tests/testkit/services/process.js';
import { startRedis } from '../../tests/testkit/services/redis.js';
import { createSigner } from './people.js';

/** A sessions process of the product with a gateway over it. */
export interface Node {
  readonly port: number;
  gateway(): ProductProcess;
  sessions(): ProductProcess;
  restartSessions(): Promise<void>;
}

/** The product as far as presence needs it: two nodes on one Redis and one Postgres. */
export interface Stage {
  readonly nodes: readonly [Node, Node];
  /** Auth's, as the product believes. */
  readonly key: JWK;
  readonly sign: (n: number) => Promise<string>;
  /** Where auth would be, as the product believes. */
  readonly authUrl: string;
  readonly redisPid: number;
  query(sql: string): Promise<void>;
  /** What the product has printed. */
  output(): string;
  stop(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  if (postgres === null || redis === null) throw new Error('PostgreSQL and redis-server must be installed');
  const { privateKey, publicKey } = await generateKeyPair(accessTokenAlgorithm, { crv: 'Ed25519', extractable: true });
  const named = { kid: 'bench', alg: accessTokenAlgorithm, use: 'sig' };
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), ...named }] };
  const key = { ...(await exportJWK(privateKey)), ...named };
  const auth = createServer((request, response) => {
    response.writeHead(request.url === jwksPath ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(jwks));
  });
  await once(auth.listen(0, '127.0.0.1'), 'listening');
  const address = auth.address();
  const authUrl = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/graphql`;
  const database = await postgres.createDatabase();
  const environment = (sessionsPort: number) => ({
    GATEWAY_SECRET: 'only-for-measurements-only-for-measurements',
    AUTH_URL: authUrl,
    SESSIONS_URL: `http://127.0.0.1:${sessionsPort}/graphql`,
    SESSIONS_DATABASE_URL: database,
    REDIS_URL: redis.url,
    RATE_LIMIT_SCALE: '1000000',
    LOG_LEVEL: 'error',
  });

  async function openNode(): Promise<Node> {
    const [port = 0, sessionsPort = 0] = await freePorts(2);
    const startSessions = () => startProcess('subgraphs/sessions/main.js', { ...environment(sessionsPort), PORT: String(sessionsPort) });
    let sessions = startSessions();
    await sessions.untilReady(`http://127.0.0.1:${sessionsPort}/health/ready`);
    const gateway = startProcess('gateway/main.js', { ...environment(sessionsPort), PORT: String(port) });
    await gateway.untilReady(`http://127.0.0.1:${port}/health/live`);
    return {
      port,
      gateway: () => gateway,
      sessions: () => sessions,
      async restartSessions() {
        await sessions.stop();
        sessions = startSessions();
        await sessions.untilReady(`http://127.0.0.1:${sessionsPort}/health/ready`);
      },
    };
  }

  const nodes = [await openNode(), await openNode()] as const;
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  return {
    nodes,
    key,
    sign: await createSigner(key),
    authUrl,
    redisPid: redis.pid,
    async query(sql) {
      await client.query(sql);
    },
    output: () => nodes.map((node) => node.gateway().output() + node.sessions().output()).join('\n'),
    async stop() {
      await client.end();
      await Promise.all(nodes.flatMap((node) => [node.gateway().stop(), node.sessions().stop()]));
      auth.close();
      await Promise.all([redis.stop(), postgres.stop()]);
    },
  };
}

/** Another process of this measurement. */
export interface Child {
  readonly pid: number;
  /** Sends the message and answers the next one that comes. */
  ask<Answer>(message: unknown): Promise<Answer>;
  send(message: string): void;
  next<Answer>(): Promise<Answer>;
  stop(): Promise<void>;
}

export function startChild(file: string): Child {
  const child: ChildProcess = fork(compiled(join(import.meta.dirname, file)));
  let isStopping = false;
  child.once('exit', (status) => {
    if (isStopping) return;
    console.error(`${file} ended with ${String(status)}`);
    process.exit(1);
  });
  const next = async <Answer>(): Promise<Answer> =>
    ((await once(child, 'message', { signal: AbortSignal.timeout(600_000) })) as unknown[])[0] as Answer;
  return {
    pid: child.pid ?? 0,
    ask<Answer>(message: unknown) {
      const answer = next<Answer>();
      child.send(message as object);
      return answer;
    },
    send: (message) => child.send(message),
    next,
    async stop() {
      isStopping = true;
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
