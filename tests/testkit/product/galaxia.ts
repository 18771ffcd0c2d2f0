import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { migratedImage } from '../services/migrated-embedded.js';
import { postgresOfRun } from '../services/postgres-of-run.js';
import { freePort, freePorts } from '../services/free-ports.js';
import { startProcess, type ProductProcess } from '../services/process.js';
import { startRedis } from '../services/redis.js';
import { orSkip } from '../services/services.js';

/** The two ways of running: everything in one process on PGlite, or five processes on Postgres, Redis and HTTP. */
export type Way = 'all-in-one' | 'distributed';

const subgraphs = ['auth', 'users', 'sessions', 'images'] as const;
type ProcessName = 'all-in-one' | 'gateway' | (typeof subgraphs)[number];

/** The running product. */
export interface Galaxia {
  readonly way: Way;
  /** Origin of its public door, without a trailing slash. */
  readonly url: string;
  readonly dataDir: string;
  /** What an operator's command needs to know, to work on the same data. */
  readonly environment: Readonly<Record<string, string>>;
  process(name: ProcessName): ProductProcess;
  /** Starts one process again, after it was stopped, and waits until it is ready. */
  restart(name: ProcessName): Promise<void>;
  /** Stops every process and takes away its data. */
  stop(): Promise<void>;
}

/** From one address a suite registers more people in a minute than a school, and signs them in wrongly on purpose. */
const testEnvironment = { RATE_LIMIT_SCALE: '1000' } as const;

export interface StartOptions {
  /** Added to the environment of every process, over `testEnvironment`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether it lays out its databases itself, as at the first start; otherwise it finds them migrated and empty, which saves seconds. */
  readonly isFirstStart?: boolean;
}

/** The ways that this machine can run; says in one line what is missing for the other. */
export async function availableWays(): Promise<readonly Way[]> {
  return orSkip('PostgreSQL', await postgresOfRun()) === null ? ['all-in-one'] : ['all-in-one', 'distributed'];
}

export async function startGalaxia(way: Way, options: StartOptions = {}): Promise<Galaxia> {
  return way === 'all-in-one' ? startAllInOne(options) : startDistributed(options);
}

async function startAllInOne({ environment = {}, isFirstStart = false }: StartOptions): Promise<Galaxia> {
  const dataDir = await mkdtemp(join(tmpdir(), 'galaxia-'));
  if (!isFirstStart) await layOutEmbedded(join(dataDir, 'database'));
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  const start = () => startProcess('gateway/all-in-one.js', { PORT: String(port), DATA_DIR: dataDir, ...testEnvironment, ...environment });
  let running = start();

  async function stop(): Promise<void> {
    await running.stop();
    await rm(dataDir, { recursive: true, force: true });
  }

  await readyOrStop(() => running.untilReady(`${url}/health/ready`), stop);
  return {
    way: 'all-in-one',
    url,
    dataDir,
    environment: { DATA_DIR: dataDir },
    process: () => running,
    async restart() {
      await running.stop();
      running = start();
      await running.untilReady(`${url}/health/ready`);
    },
    stop,
  };
}

async function layOutEmbedded(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  await promisify(execFile)('tar', ['-xf', await migratedImage(), '-C', folder]);
}

async function startDistributed({ environment = {}, isFirstStart = false }: StartOptions): Promise<Galaxia> {
  const dataDir = await mkdtemp(join(tmpdir(), 'galaxia-'));
  const postgres = await postgresOfRun();
  if (postgres === null) throw new Error('PostgreSQL was not found: ask availableWays() first');
  // Each its own, as they may stand on different servers.
  const databases = new Map<string, string>();
  for (const name of subgraphs) databases.set(name, await postgres.createDatabase(isFirstStart ? 'without tables' : 'migrated'));
  // Without Redis the processes tell each other events over HTTP; both are ways that people run.
  const redis = environment.REDIS_URL === undefined ? await startRedis() : null;
  const ports = await freePorts(subgraphs.length + 1);
  const url = `http://127.0.0.1:${String(ports[0])}`;
  const origins = Object.fromEntries(subgraphs.map((name, index) => [name, `http://127.0.0.1:${String(ports[index + 1])}`]));
  const shared: Record<string, string> = {
    DATA_DIR: dataDir,
    PUBLIC_URL: url,
    GATEWAY_SECRET: 'only-for-tests-only-for-tests-only-for-tests',
    ...Object.fromEntries(subgraphs.map((name) => [`${name.toUpperCase()}_URL`, `${String(origins[name])}/graphql`])),
    ...Object.fromEntries([...databases].map(([name, url]) => [`${name.toUpperCase()}_DATABASE_URL`, url])),
    ...(redis === null ? {} : { REDIS_URL: redis.url }),
    ...testEnvironment,
    ...environment,
  };
  const start = (name: ProcessName) =>
    name === 'gateway'
      ? startProcess('gateway/main.js', { ...shared, PORT: String(ports[0]) })
      : startProcess(`subgraphs/${name}/main.js`, { ...shared, PORT: new URL(String(origins[name])).port });
  const ready = (name: ProcessName) => `${name === 'gateway' ? url : String(origins[name])}/health/ready`;
  // All at once, as an orchestrator would: they must sort out migrations and each other's absence themselves.
  const names: readonly ProcessName[] = [...subgraphs, 'gateway'];
  const running = new Map<ProcessName, ProductProcess>(names.map((name) => [name, start(name)]));

  function processOf(name: ProcessName): ProductProcess {
    const found = running.get(name);
    if (found === undefined) throw new Error(`no process "${name}" in the distributed way`);
    return found;
  }

  async function stop(): Promise<void> {
    await Promise.all([...running.values()].map((each) => each.stop()));
    await redis?.stop();
    await postgres?.dropDatabases();
    await rm(dataDir, { recursive: true, force: true });
  }

  await readyOrStop(() => Promise.all(names.map((name) => processOf(name).untilReady(ready(name)))), stop);
  return {
    way: 'distributed',
    url,
    dataDir,
    environment: shared,
    process: processOf,
    async restart(name) {
      await processOf(name).stop();
      running.set(name, start(name));
      await processOf(name).untilReady(ready(name));
    },
    stop,
  };
}

async function readyOrStop(ready: () => Promise<unknown>, stop: () => Promise<void>): Promise<void> {
  try {
    await ready();
  } catch (error) {
    await stop();
    throw error;
  }
}
