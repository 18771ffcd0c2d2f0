import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort, freePorts } from '../../tests/testkit/services/free-ports.js';
import { createTarget } from './load.js';
import { startNode, startScript, untilReady, type Running } from './machine.js';
import { bodiesOf, queries } from './queries.js';
import { composeSupergraph, subgraphNames, type SubgraphName } from './subgraphs.js';

const peers = resolve(import.meta.dirname, '..', 'peers');
/** Of the subgraphs that want one. */
export const stageSecret = 'only-for-measurements-only-for-measurements';
/** Hive Gateway's command. */
export const hive = join(peers, 'node_modules', '@graphql-hive', 'gateway', 'dist', 'bin.js');

export interface Stage {
  readonly urls: Readonly<Record<SubgraphName, string>>;
  /** File of the composed supergraph. */
  readonly supergraph: string;
  /** Of the subgraphs. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/** A gateway in a process of its own, on a core of its own. */
export interface Contestant extends Running {
  readonly url: string;
}

/** Starts the subgraphs, those of P1 or the same as the product serves its own, and composes their supergraph. */
export async function openStage(
  file: 'subgraph.ts' | 'served-subgraph.ts' = 'subgraph.ts',
  environment: Readonly<Record<string, string>> = {},
): Promise<Stage> {
  const ports = await freePorts(subgraphNames.length);
  const urls: Record<SubgraphName, string> = { users: '', presence: '', sessions: '' };
  subgraphNames.forEach((name, index) => (urls[name] = `http://127.0.0.1:${String(ports[index])}/graphql`));
  const folder = mkdtempSync(join(tmpdir(), 'galaxia-bench-'));
  const supergraph = join(folder, 'supergraph.graphql');
  writeFileSync(supergraph, composeSupergraph(urls));
  const subgraphs = subgraphNames.map((name, index) =>
    startScript(file, [name, String(ports[index])], { GATEWAY_SECRET: stageSecret, ...environment }, 'others'),
  );
  await Promise.all(subgraphNames.map((name) => untilReady(name, () => isListening(urls[name]))));
  return {
    urls,
    supergraph,
    pids: subgraphs.map(({ pid }) => pid),
    async stop() {
      await Promise.all(subgraphs.map((subgraph) => subgraph.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type ContestantName = 'Galaxia' | 'Galaxia in one process' | 'relay' | 'plain Apollo' | 'Hive';

interface ProductOptions {
  /** A built clone of the product. */
  readonly productRoot: string;
  /** For Galaxia's process alone, as the environment. */
  readonly nodeOptions?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts a gateway over the stage's supergraph. */
export async function startContestant(
  name: ContestantName,
  stage: Stage,
  { productRoot, nodeOptions = [], environment = {} }: ProductOptions,
): Promise<Contestant> {
  const port = await freePort();
  const start = (): Running => {
    switch (name) {
      case 'Galaxia': {
        const main = join(productRoot, 'dist', 'gateway', 'main.js');
        return startNode(name, [...nodeOptions, main], { PORT: String(port), SUPERGRAPH_PATH: stage.supergraph, ...environment }, 'own');
      }
      case 'Galaxia in one process':
        return startScript('one-process.ts', [stage.supergraph, String(port)], environment, 'own', nodeOptions);
      case 'relay':
        return startScript('relay.ts', [String(port)], { SUBGRAPHS: JSON.stringify(stage.urls) }, 'own');
      case 'plain Apollo':
        return startScript('plain-apollo.ts', [stage.supergraph, String(port)], { APOLLO_TELEMETRY_DISABLED: '1' }, 'own');
      case 'Hive':
        return startNode(name, [hive, 'supergraph', stage.supergraph, '--host', '127.0.0.1', '--port', String(port)], {}, 'own');
    }
  };
  const running = start();
  const url = `http://127.0.0.1:${port}${name === 'plain Apollo' ? '/' : '/graphql'}`;
  const [body = ''] = bodiesOf(queries[0]?.query ?? '');
  await untilReady(name, () => answers(url, body));
  return { ...running, name, url };
}

async function answers(url: string, body: string): Promise<boolean> {
  const target = createTarget(url, [body]);
  try {
    await target.ask(0);
    return true;
  } finally {
    await target.close();
  }
}

async function isListening(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
  return true;
}

/** Installs the peers from their own lock file when they are not there. */
export function installPeers(): void {
  if (existsSync(hive)) return;
  console.error('Installing the gateways to compare with into bench/peers (once; about 300 MB) …');
  const { status } = spawnSync('npm', ['ci', '--prefix', peers, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the peers could not be installed: run `npm ci --prefix bench/peers`');
}
