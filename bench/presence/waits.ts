/** How long followers wait: for their first message, and for changes that are made on another node. */
import type { Notebook } from './notebook.js';
import { numbersOf, userIdSql, type Range } from './people.js';
import { openPlayer, openPlayers, type Player } from './players.js';
import type { Stage } from './stage.js';

/** Friends of every viewer, and as many as a change has to be told of. */
const friends: Range = { first: 20_001, count: 200 };
const viewers: Range = { first: 21_001, count: 240 };
/** Who come first, to processes that have not done this yet; not counted. */
const warmUp = 40;
/** Who come at the same time. */
const together = 4;
const changes = 200;
/** Between two changes, in ms: a busy product, not one that is full. */
const pauseMs = 15;

/** Half of the friends are online. */
export async function measureWaits(stage: Stage, { note }: Notebook): Promise<void> {
  const [near, far] = stage.nodes;
  await stage.query(
    `INSERT INTO sessions.relation (low_id, high_id, are_friends, low_blocks, high_blocks)
     SELECT ${userIdSql('friend')}, ${userIdSql('viewer')}, true, false, false
     FROM generate_series(${friends.first}, ${friends.first + friends.count - 1}) friend,
       generate_series(${viewers.first}, ${viewers.first + viewers.count - 1}) viewer`,
  );
  const online = numbersOf(friends).filter((n) => n % 2 === 0);
  const players = await openPlayers(stage, near, online, 'themselves');

  const waits: number[] = [];
  const waiting = [...numbersOf(viewers)];
  const followers: Player[] = [];
  await Promise.all(
    Array.from({ length: together }, async () => {
      for (let n = waiting.shift(); n !== undefined; n = waiting.shift()) {
        const player = await openPlayer(stage, far, n, { friends: true });
        if (player.first.entries?.length !== friends.count) throw new Error('not everybody is in the snapshot');
        waits.push(player.firstAfterMs);
        followers.push(player);
      }
    }),
  );
  note('subscribe → snapshot of 200 friends, p50', 'ms', percentile(waits.slice(warmUp), 0.5));
  note('subscribe → snapshot of 200 friends, p95', 'ms', percentile(waits.slice(warmUp), 0.95), { atMost: 250 });

  // All but one leave: what is measured is one message on its way, not how many there are.
  const [follower, ...others] = followers;
  for (const other of others) other.cut();
  if (follower === undefined) throw new Error('nobody follows');
  const heard = new Map<string, (at: number) => void>();
  follower.onMessage = ({ entries = [] }, at) => {
    for (const { activity } of entries) heard.get(activity?.text ?? '')?.(at);
  };
  const delays: number[] = [];
  for (let change = 0; change < changes; change += 1) {
    const text = `change ${change}`;
    const told = new Promise<number>((resolve) => heard.set(text, resolve));
    const started = performance.now();
    const [at] = await Promise.all([told, players[change % players.length]?.play(text)]);
    delays.push(at - started);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  note('change → follower on another node, p50', 'ms', percentile(delays, 0.5), { atMost: 20 });
  note('change → follower on another node, p99', 'ms', percentile(delays, 0.99), { atMost: 200 });
  for (const player of [follower, ...players]) player.cut();
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN;
}
