/** The gateway alone, and Hive's, over the same feed: what a subgraph has to do for them is no part of what is measured. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose } from '../../tests/testkit/gateway/little-supergraph.js';
import { projectRoot } from '../../shared/config/project-root.js';
import { freePort } from '../../tests/testkit/services/free-ports.js';
import { hive } from '../gateway/stage.js';
import { startNode, untilReady, type Running } from '../gateway/machine.js';
import type { Server } from './deliveries.js';
import { feedSchema, feedSecret } from './feed-schema.js';
import type { FeedPorts } from './feed.js';
import { startChild, type Child, type Stage } from './stage.js';

export interface GatewayOverFeed extends Server {
  stop(): Promise<void>;
}

/** Each with a feed of its own: the product speaks to it over its shared sockets, Hive over one plain `graphql-transport-ws` for all. */
export async function startOverFeed(
  name: 'Galaxia over a feed' | 'Hive over a feed',
  stage: Pick<Stage, 'authUrl'>,
): Promise<GatewayOverFeed> {
  const feed = startChild('feed.ts');
  const ports = await feed.next<FeedPorts>();
  const folder = mkdtempSync(join(tmpdir(), 'galaxia-bench-'));
  const isOurs = name === 'Galaxia over a feed';
  const supergraph = join(folder, 'supergraph.graphql');
  const url = `http://127.0.0.1:${isOurs ? ports.shared : ports.plain}/graphql`;
  writeFileSync(supergraph, compose([{ name: 'feed', url, typeDefs: feedSchema }]));
  const port = await freePort();
  const gateway = isOurs ? await startGalaxia(port, supergraph, stage) : await startHive(port, supergraph, folder);
  return {
    name,
    port,
    pids: { 'the gateway': gateway.pid },
    publish: () => publish(feed),
    async stop() {
      await gateway.stop();
      await feed.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function publish(feed: Child): Promise<void> {
  feed.send('publish');
  return Promise.resolve();
}

async function startGalaxia(port: number, supergraph: string, { authUrl }: Pick<Stage, 'authUrl'>): Promise<Running> {
  const environment = {
    SUPERGRAPH_PATH: supergraph,
    AUTH_URL: authUrl,
    GATEWAY_SECRET: feedSecret,
    PORT: String(port),
    LOG_LEVEL: 'error',
  };
  const running = startNode('Galaxia', [join(projectRoot, 'dist', 'gateway', 'main.js')], environment, 'others');
  await untilReady('Galaxia', async () => (await fetch(`http://127.0.0.1:${port}/health/live`)).ok);
  return running;
}

async function startHive(port: number, supergraph: string, folder: string): Promise<Running> {
  const config = join(folder, 'gateway.config.mjs');
  const transport = { '*.http': { options: { subscriptions: { kind: 'ws', location: '/graphql' } } } };
  writeFileSync(config, `export const gatewayConfig = ${JSON.stringify({ supergraph, transportEntries: transport })};\n`);
  const running = startNode(
    'Hive',
    [hive, 'supergraph', '-c', config, '--host', '127.0.0.1', '--port', String(port), '--fork', '1'],
    {},
    'others',
  );
  await untilReady('Hive', async () => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`http://127.0.0.1:${port}/graphql`, { method: 'POST', headers, body: '{"query":"{ feed }"}' });
    return answer.ok && (await answer.text()).includes('"feed":"feed"');
  });
  return running;
}
