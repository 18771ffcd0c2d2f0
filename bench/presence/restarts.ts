/** What followers hear of lost connections, of a restart, and of a node that dies. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Notebook } from './notebook.js';
import { numbersOf, userId, userIdSql, type Range } from './people.js';
import { openPlayer, openPlayers, type Player } from './players.js';
import type { Node, Stage } from './stage.js';
import type { PresenceEntry } from './subscription.js';

/** Their node is restarted, and all of them come back. */
const restarted: Range = { first: 30_001, count: 50 };
/** Their node dies. */
const bereaved: Range = { first: 30_101, count: 50 };
const watcher = 30_201;
/** Leases of 45 s, and as long as a sweep may take (P5). */
const leaseMs = 46_000;

export async function measureRestarts(stage: Stage, { note }: Notebook): Promise<void> {
  const [first, second] = stage.nodes;
  await stage.query(`INSERT INTO sessions.known_user SELECT ${userIdSql('n')} FROM generate_series(${restarted.first}, ${watcher}) n`);
  await openPlayers(stage, second, numbersOf(bereaved), 'themselves');
  const returning = await openPlayers(stage, first, numbersOf(restarted), 'themselves');
  const events = await watch(stage, second, restarted);

  for (const player of returning) player.cut();
  await wait(2_000);
  const again = await openPlayers(stage, first, numbersOf(restarted), 'themselves');
  note('events of 50 who reconnect within 2 s', '', events.list.length, { atMost: 0 });

  const closed = Promise.all(again.map((player) => player.closed));
  await first.restartSessions();
  const codes = await closed;
  note('of 50 on a node that is restarted, told to come back (1012)', '', codes.filter((code) => code === 1012).length, { atLeast: 50 });
  await openPlayers(stage, first, numbersOf(restarted), 'themselves');
  note('events of them until all are back', '', events.list.length, { atMost: 0 });

  const ofReturned = await watch(stage, first, restarted);
  const ofBereaved = await watch(stage, first, bereaved, watcher + 1);
  const killed = performance.now();
  second.sessions().child.kill('SIGKILL');
  await wait(leaseMs + 2_000);
  note('events of them until their leases would have run out', '', ofReturned.list.length, { atMost: 0 });
  const gone = ofBereaved.list.filter(({ availability }) => availability === 'OFFLINE');
  note('killed node: events of each of its 50', '', ofBereaved.list.length / bereaved.count, { atMost: 1 });
  note('killed node: OFFLINE of each of its 50', '', gone.length / bereaved.count, { atLeast: 1 });
  note('killed node: last OFFLINE after', 's', (Math.max(...ofBereaved.list.map(({ at }) => at)) - killed) / 1000, { atMost: 46 });
}

/** Everything that a follower is told of these after the first message. */
async function watch(
  stage: Stage,
  node: Node,
  range: Range,
  n = watcher,
): Promise<{ readonly list: (PresenceEntry & { readonly at: number })[] }> {
  const list: (PresenceEntry & { readonly at: number })[] = [];
  const player: Player = await openPlayer(stage, node, n, { userIds: numbersOf(range).map(userId) });
  player.onMessage = ({ entries = [] }, at) => list.push(...entries.map((entry) => ({ ...entry, at })));
  if (player.first.entries?.some(({ availability }) => availability !== 'ONLINE') !== false) throw new Error('not everybody is online');
  return { list };
}
