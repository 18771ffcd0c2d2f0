import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { defaultSettings, type Visibility } from '../../../presence/presence.js';
import { createCluster, person, settle, type Client } from '../tests/presence-harness.js';
import type { RelationKind } from '../../../../../shared/users/relation-table.js';

const users = ['u1', 'u2', 'u3', 'u4'] as const;
const viewers = ['v1', 'v2', 'v3'] as const;
/** Whom each viewer asks to follow. */
const requests = {
  v1: { friends: true, userIds: [] },
  v2: { friends: false, userIds: ['u1', 'u2', 'u3'] },
  v3: { friends: true, userIds: ['u2', 'u3', 'u4'] },
} as const;
type User = (typeof users)[number];
type ViewerId = (typeof viewers)[number];

type Step =
  | { readonly kind: 'Change'; readonly userId: User; readonly what: 'connect' | 'away' | 'back' | 'leave' | Visibility }
  | { readonly kind: 'Relate'; readonly viewerId: ViewerId; readonly userId: User; readonly relation: RelationKind | undefined }
  | { readonly kind: 'Wait'; readonly ms: number }
  | { readonly kind: 'Open'; readonly viewerId: ViewerId; readonly node: 0 | 1 }
  | { readonly kind: 'Leave'; readonly viewerId: ViewerId }
  | { readonly kind: 'Stall'; readonly viewerId: ViewerId; readonly isOver: boolean }
  | { readonly kind: 'Lose'; readonly node: 0 | 1 }
  /** Gives what is under way a turn, so that other things fall in between. */
  | { readonly kind: 'Turn' };

const viewerId = fc.constantFrom(...viewers);
const userId = fc.constantFrom(...users);
const node = fc.constantFrom(0 as const, 1 as const);
const what = fc.constantFrom('connect', 'connect', 'away', 'back', 'leave', 'EVERYONE', 'FRIENDS', 'NOBODY');
const relation = fc.constantFrom('FRIEND', 'FRIEND', 'BLOCKED', undefined);
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('Change'), userId, what }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('Relate'), viewerId, userId, relation }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('Wait'), ms: fc.integer({ min: 1, max: 900 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('Wait'), ms: fc.constantFrom(5_000, 50_000) }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('Open'), viewerId, node }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('Leave'), viewerId }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('Stall'), viewerId, isOver: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('Lose'), node }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('Turn') }) },
  ),
  { minLength: 5, maxLength: 80 },
);
const delays = fc.array(fc.constantFrom(0, 0, 1, 40, 300, 1_500), { minLength: 1, maxLength: 8 });

function cycle(values: readonly number[]): () => number {
  let index = 0;
  return () => values[(index += 1) % values.length] ?? 0;
}

async function play(given: readonly Step[], changeDelays: readonly number[], readDelays: readonly number[]): Promise<void> {
  const cluster = createCluster({ shards: 3, delay: cycle(changeDelays), readDelay: cycle(readDelays) });
  const { scheduler, store, stores, nodes, relations, connect } = cluster;
  const clients = new Map<ViewerId, Client>();
  const opening = new Map<ViewerId, Promise<void>>();
  /** When each was blocked by the other, and what had been heard 5 s later, which is more than anything takes here. */
  const blocks: { viewerId: ViewerId; userId: User; at: number; client: Client | undefined; heard: number | undefined }[] = [];
  let revision = 0;

  function heardOf(client: Client | undefined, other: User): number {
    return (client?.messages ?? []).filter((message) => 'entries' in message && message.entries.some((entry) => entry.userId === other))
      .length;
  }

  function watchBlocks(): void {
    for (const block of blocks) {
      if (relations.kindOf(block.viewerId, block.userId) !== 'BLOCKED') continue;
      const client = clients.get(block.viewerId);
      if (block.client !== client) continue;
      if (block.heard === undefined && scheduler.now() >= block.at + 5_000) block.heard = heardOf(client, block.userId);
      if (block.heard !== undefined && !(client?.kinds.includes('Resync') ?? false))
        expect(heardOf(client, block.userId)).toBe(block.heard);
    }
  }

  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += Math.min(ms, 500)) {
      scheduler.advance(Math.min(ms, 500));
      await settle();
      watchBlocks();
    }
  }

  function open(viewer: ViewerId, on: 0 | 1): void {
    if (opening.has(viewer)) return;
    const before = clients.get(viewer);
    void before?.leave();
    const opened = connect(person(viewer), { ...requests[viewer], since: before?.cursor() ?? null }, before, nodes[on]);
    opening.set(
      viewer,
      opened.then((client) => {
        expect(before?.stepsBack() ?? 0).toBe(0);
        clients.set(viewer, client);
        opening.delete(viewer);
      }),
    );
  }

  async function change(other: User, change: Extract<Step, { kind: 'Change' }>['what']): Promise<void> {
    const key = { userId: other, sessionId: 's', connectionId: 'c' };
    if (change === 'connect') await stores[0].connect(key, defaultSettings);
    else if (change === 'leave') await stores[0].leave(key, 0);
    else if (change === 'away' || change === 'back') await stores[0].update(key, { isAway: change === 'away' });
    else await stores[0].update(key, { settings: { ...defaultSettings, revision: (revision += 1), visibility: change } });
  }

  for (const other of users) await change(other, 'connect');
  for (const viewer of viewers) open(viewer, 0);
  await pass(3_500);
  for (const step of given) {
    switch (step.kind) {
      case 'Change':
        await change(step.userId, step.what);
        break;
      case 'Relate':
        await stores[0].renewVersions([step.viewerId, step.userId]);
        relations.set(step.viewerId, step.userId, step.relation);
        await stores[0].renewVersions([step.viewerId, step.userId]);
        await stores[0].announce({ kind: 'RelationChanged', userId: step.viewerId, otherId: step.userId });
        if (step.relation === 'BLOCKED') {
          blocks.push({
            viewerId: step.viewerId,
            userId: step.userId,
            at: scheduler.now(),
            client: clients.get(step.viewerId),
            heard: undefined,
          });
        }
        break;
      case 'Wait':
        await pass(step.ms);
        break;
      case 'Open':
        open(step.viewerId, step.node);
        break;
      case 'Leave':
        await clients.get(step.viewerId)?.leave();
        break;
      case 'Stall':
        if (step.isOver) clients.get(step.viewerId)?.read();
        else clients.get(step.viewerId)?.stall();
        break;
      case 'Lose':
        stores[step.node].lose();
        break;
      case 'Turn':
        await new Promise(setImmediate);
        break;
    }
  }
  for (const viewer of viewers) {
    clients.get(viewer)?.read();
    await settle();
    if (clients.get(viewer)?.hasEnded() !== false) open(viewer, 0);
  }
  await pass(8_000);
  expect(opening.size).toBe(0);

  for (const viewer of viewers) {
    const client = clients.get(viewer);
    const { friends, userIds } = requests[viewer];
    const followed = users.filter((other) => {
      const kind = relations.kindOf(viewer, other);
      return kind !== 'BLOCKED' && (userIds.some((id) => id === other) || (friends && kind === 'FRIEND'));
    });
    const reading = nodes[0].view(person(viewer), followed);
    await pass(2_000);
    const authority = await reading;
    expect(followed.map((other) => client?.view(other)).map((view) => [view?.userId, view?.availability, view?.statusMessage])).toEqual(
      authority.map((view) => [view.userId, view.availability, view.statusMessage]),
    );
    const others = client?.seen().filter((each) => !followed.some((other) => each.startsWith(other))) ?? [];
    // Who is blocked, and was so at the beginning, looks like somebody offline.
    expect(others.filter((each) => !each.endsWith('OFFLINE'))).toEqual([]);
    expect(client?.stepsBack()).toBe(0);
  }
  await store.close();
}

describe('However changes, relations, losses and slow readers fall together', () => {
  it('P6, P7, P8: every viewer ends with what the store knows, no version goes back, nobody blocked hears anything', async () => {
    await fc.assert(fc.asyncProperty(steps, delays, delays, play), { numRuns: 300 });
  });
});
