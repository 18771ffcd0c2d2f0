/**
 * P3 and the numbers of presence: what followers cost two nodes of the product (each a gateway and a sessions process; one Postgres, one
 * Redis), against a bare `ws` server that sends the same bytes, and the gateway alone against Hive's over the same feed; how long they wait;
 * and what they hear of restarts and deaths.
 */
import { installPeers } from './gateway/stage.js';
import { report } from './harness.js';
import { measureDeliveries, type Server } from './presence/deliveries.js';
import { startOverFeed } from './presence/gateways.js';
import { createNotebook } from './presence/notebook.js';
import { numbersOf, userIdSql, type Range } from './presence/people.js';
import { openPlayers } from './presence/players.js';
import { measureRestarts } from './presence/restarts.js';
import { openStage, startChild } from './presence/stage.js';
import { measureWaits } from './presence/waits.js';

/** Everybody's friends, whose changes everybody sees. So many, because those of one user are told every 500 ms at the most. */
const stars: Range = { first: 1, count: 32 };
const followers: Range = { first: 1_001, count: 15_000 };
const sizes = process.env.BENCH_SIZES?.split(',')
  .map(Number)
  .filter((size) => size > 0) ?? [1_000, 15_000];

installPeers();
const notebook = createNotebook();
const stage = await openStage();
process.once('uncaughtException', (error) => {
  console.error(error, stage.output());
  void stage.stop().finally(() => process.exit(1));
});
try {
  await measure();
} finally {
  await stage.stop();
}
report('presence', 'P3: presence', notebook.figures());
process.exit(0);

async function measure(): Promise<void> {
  const followerIds = userIdSql(`n`);
  await stage.query(
    `INSERT INTO sessions.relation (low_id, high_id, are_friends, low_blocks, high_blocks)
     SELECT ${userIdSql('star')}, ${followerIds}, true, false, false FROM generate_series(${stars.first}, ${stars.first + stars.count - 1}) star, generate_series(${followers.first}, ${followers.first + followers.count - 1}) n`,
  );
  const starPlayers = await Promise.all(stage.nodes.map((node) => openPlayers(stage, node, numbersOf(stars), 'themselves')));
  let changes = 0;

  for (const [index, size] of sizes.entries()) {
    // A node that has had none yet: memory that others have left behind would hide what is needed.
    const node = stage.nodes[index] ?? stage.nodes[1];
    // Through the other node: what it takes to make a change is not what it takes to deliver it.
    const publishers = starPlayers[node === stage.nodes[0] ? 1 : 0] ?? [];
    const product: Server = {
      name: 'Galaxia',
      port: node.port,
      pids: { 'the gateway': node.gateway().child.pid ?? 0, sessions: node.sessions().child.pid ?? 0 },
      async publish() {
        changes += 1;
        await publishers[changes % stars.count]?.play(`round ${changes}`);
      },
    };
    const sample = await measureDeliveries(product, stage, { ...followers, count: size }, notebook);
    const plain = startChild('plain-server.ts');
    const port = await plain.next<number>();
    const limit: Server = {
      name: 'bare ws',
      port,
      pids: { 'the server': plain.pid },
      publish() {
        plain.send(sample);
        return Promise.resolve();
      },
    };
    await measureDeliveries(limit, stage, { ...followers, count: size }, notebook);
    await plain.stop();
    for (const name of ['Galaxia over a feed', 'Hive over a feed'] as const) {
      const gateway = await startOverFeed(name, stage);
      await measureDeliveries(gateway, stage, { ...followers, count: size }, notebook);
      await gateway.stop();
    }
  }
  for (const star of starPlayers.flat()) star.cut();
  for (const size of sizes) {
    const of = (server: string, what: string): string => `${size} sockets, ${server}: CPU of ${what} for a delivery`;
    const limit = of('bare ws', 'the server');
    const gateway = of('Galaxia', 'the gateway');
    const share = (own: number, bare: number): number => bare / own;
    notebook.compare(`${size} sockets: share of the limit, by CPU of the gateway`, '', [gateway, limit], share, { atLeast: 0.6 });
    const [ours, hives] = [of('Galaxia over a feed', 'the gateway'), of('Hive over a feed', 'the gateway')];
    const times = (own: number, others: number): number => others / own;
    notebook.compare(`${size} sockets: Hive's CPU over Galaxia's for a delivery`, '×', [ours, hives], times, { atLeast: 3 });
    const perCore = (own: number): number => 1_000_000 / own;
    notebook.compare(`${size} sockets: deliveries of one core of a gateway`, '1/s', [gateway, gateway], perCore, { atLeast: 20_000 });
    const both = (own: number, others: number): number => 1_000_000 / (own + others);
    notebook.compare(`${size} sockets: deliveries of one core for gateway and sessions`, '1/s', [gateway, of('Galaxia', 'sessions')], both);
  }
  await measureWaits(stage, notebook);
  await measureRestarts(stage, notebook);
}
