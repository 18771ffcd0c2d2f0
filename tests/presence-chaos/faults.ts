import { Redis } from 'ioredis';
import type { Cluster, SessionsNode } from './cluster.js';
import type { Dice } from './dice.js';

export type FaultName = keyof ReturnType<typeof createFaults>;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** What can happen to the machines. Each resolves when it is over and whatever it stopped is ready again. */
export function createFaults({ cluster, dice }: { readonly cluster: Cluster; readonly dice: Dice }) {
  function anyNode(): SessionsNode {
    const node = dice.oneOf(cluster.sessions);
    if (node === undefined) throw new Error('no sessions process');
    return node;
  }

  /** The balancer finds out after 3 s. */
  async function freeze(node: SessionsNode, ms: number): Promise<void> {
    process.kill(node.pid(), 'SIGSTOP');
    try {
      await pause(Math.min(ms, 3_000));
      node.setUp(false);
      await pause(ms - 3_000);
    } finally {
      process.kill(node.pid(), 'SIGCONT');
      node.setUp(true);
    }
  }

  return {
    'kill -9 of a sessions process': () => anyNode().restart('SIGKILL'),
    'SIGSTOP of a sessions process for 5 s': () => freeze(anyNode(), 5_000),
    'SIGSTOP of a sessions process for 65 s': () => freeze(anyNode(), 65_000),
    'kill -9 of a gateway': async () => dice.oneOf(cluster.gateways)?.restart('SIGKILL'),
    'restart of Redis': () => cluster.restartRedis(),
    async FLUSHALL() {
      const connection = new Redis(cluster.redis().url);
      await connection.flushall();
      await connection.quit();
    },
    async 'SIGSTOP of Redis for 4 s'() {
      const { pid } = cluster.redis();
      process.kill(pid, 'SIGSTOP');
      await pause(4_000);
      process.kill(pid, 'SIGCONT');
    },
    async 'a sessions process cut off Redis for 2 s'() {
      const { redis } = anyNode();
      redis.setShut(true);
      redis.cut();
      await pause(2_000);
      redis.setShut(false);
    },
    async 'all sockets to a sessions process cut'() {
      cluster.cutSessions();
      return Promise.resolve();
    },
    async 'restart of every gateway by SIGTERM'() {
      for (const gateway of cluster.gateways) await gateway.restart('SIGTERM');
    },
    async 'restart of every sessions process by SIGTERM'() {
      for (const node of cluster.sessions) await node.restart('SIGTERM');
    },
  } as const;
}
