import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { testDatabases, type OpenedDatabase } from '../../../../tests/testkit/services/databases.js';
import type { FriendService } from './friend-service.js';
import { startFriends, type FriendsUnderTest } from '../../tests/friends-harness.js';
import { applyToModel, describeModel, emptyModel, operations, statusIn, type Command, type Model } from '../../tests/friendship-model.js';

const databases = await testDatabases();
const people = 4;
/** So low that four users reach all of them. */
const limits = { friends: 2, sentRequests: 2, receivedRequests: 2, blocks: 2 };

const command: fc.Arbitrary<Command> = fc.record({
  // More often what leads to something.
  operation: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('request', 'accept') },
    { weight: 2, arbitrary: fc.constantFrom(...operations) },
  ),
  actor: fc.nat(people - 1),
  target: fc.nat(people - 1),
});
/** What happens at the same time. */
const batch = fc.array(command, { minLength: 1, maxLength: 4 });

describe.each(databases)('Friends, requests and blocks on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let friendly: FriendsUnderTest;
  let friends: FriendService;
  let viewers: readonly Viewer[];
  beforeAll(async () => {
    opened = await open();
    friendly = startFriends(opened.database);
    friends = friendly.withLimits(limits);
    viewers = await Promise.all(Array.from({ length: people }, (_, index) => friendly.register(`user_${String(index)}`)));
  });
  afterAll(async () => {
    await friendly.close();
    await opened.close();
  });

  const viewer = (index: number): Viewer => {
    const found = viewers[index];
    if (found === undefined) throw new Error(`There is no user ${String(index)}`);
    return found;
  };
  const indexOf = (userId: string): number => viewers.findIndex((each) => each.userId === userId);
  const everyone = Array.from({ length: people }, (_, index) => index);

  async function run({ operation, actor, target }: Command): Promise<string> {
    const outcome = await friends[operation](viewer(actor), viewer(target).userId);
    switch (outcome.kind) {
      case 'Related':
        return outcome.friendship.status;
      case 'FriendshipConflict':
        return outcome.code;
      case 'FriendLimitReached':
        return outcome.limit;
      case 'UserNotFound':
      case 'FriendRequestNotFound':
      case 'NotFriends':
      case 'BlockLimitReached':
        return outcome.kind;
    }
  }

  /** What the database holds. */
  async function readModel(): Promise<Model> {
    const { prisma } = friendly;
    const pair = (from: string, to: string) => `${String(indexOf(from))}>${String(indexOf(to))}`;
    const friendships = await prisma.friendship.findMany();
    return {
      friends: new Set(friendships.flatMap(({ lowId, highId }) => [pair(lowId, highId), pair(highId, lowId)])),
      requests: new Set((await prisma.friendRequest.findMany()).map(({ fromId, toId }) => pair(fromId, toId))),
      blocks: new Set((await prisma.block.findMany()).map(({ blockerId, blockedId }) => pair(blockerId, blockedId))),
    };
  }

  function checkInvariants({ friends: friendships, requests, blocks }: Model): void {
    const mirrored = (pair: string): string => pair.split('>').reverse().join('>');
    for (const pair of friendships) expect(friendships.has(mirrored(pair))).toBe(true);
    for (const pair of requests) {
      expect(requests.has(mirrored(pair))).toBe(false);
      expect(friendships.has(pair)).toBe(false);
    }
    for (const pair of blocks) {
      for (const set of [friendships, requests]) expect(set.has(pair) || set.has(mirrored(pair))).toBe(false);
    }
  }

  /** What everyone sees of everyone agrees with the model, in each way of asking. */
  async function checkViews(model: Model): Promise<void> {
    const ids = viewers.map(({ userId }) => userId);
    const friendsOf = (user: number) => everyone.filter((other) => model.friends.has(`${String(user)}>${String(other)}`));
    for (const user of everyone) {
      const seen = await friends.view(viewer(user), ids);
      expect(seen.map((each) => each?.status ?? null)).toEqual(
        everyone.map((other) => (other === user ? null : statusIn(model, user, other))),
      );
      const listed = await friendly.lists.friends(viewer(user), {});
      expect(listed.rows.map(({ userId }) => indexOf(userId))).toEqual(friendsOf(user));
      const mutual = await friendly.mutualFriends.count(viewer(user), ids);
      const isBlocked = (other: number) =>
        [`${String(user)}>${String(other)}`, `${String(other)}>${String(user)}`].some((pair) => model.blocks.has(pair));
      expect(mutual).toEqual(
        everyone.map((other) => {
          if (other === user) return null;
          return isBlocked(other) ? 0 : friendsOf(user).filter((each) => friendsOf(other).includes(each)).length;
        }),
      );
    }
  }

  /** Whoever follows the announcements, in their order, knows who is friends with whom and who is blocked. */
  async function checkAnnouncements(model: Model): Promise<void> {
    const known = new Map<string, { friends: boolean; blockers: readonly string[] }>();
    for (const payload of await friendly.announced()) {
      const { userIds, ...relation } = payload as { userIds: string[]; friends: boolean; blockers: string[] };
      known.set(userIds.map(indexOf).join('>'), relation);
    }
    for (const low of everyone) {
      for (const high of everyone.slice(low + 1)) {
        const [a, b] = viewer(low).userId < viewer(high).userId ? [low, high] : [high, low];
        const relation = known.get(`${String(a)}>${String(b)}`) ?? { friends: false, blockers: [] };
        expect(relation.friends).toBe(model.friends.has(`${String(a)}>${String(b)}`));
        const blockers = [a, b].filter((each) => model.blocks.has(`${String(each)}>${String(each === a ? b : a)}`));
        expect(relation.blockers.map(indexOf)).toEqual(blockers);
      }
    }
  }

  it('are what the model says, when one thing happens after the other and when several happen at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 12 }), async (batches) => {
        await friendly.prisma.$executeRaw`TRUNCATE users.friendship, users.friend_request, users.block, users.outbox_event`;
        let model = emptyModel;
        for (const commands of batches) {
          const told = await Promise.all(commands.map(run));
          const stored = await readModel();
          checkInvariants(stored);
          // Whatever order the database chose, there is one in which all was answered and stored as the model does.
          const explained = permutations(commands.map((_, index) => index)).some((order) => {
            const outcome = order.reduce<{ model: Model; isTold: boolean }>(
              (before, index) => {
                const each = commands[index];
                if (each === undefined) throw new Error('No such command');
                const step = applyToModel(before.model, each, limits);
                return { model: step.model, isTold: before.isTold && step.told === told[index] };
              },
              { model, isTold: true },
            );
            return outcome.isTold && describeModel(outcome.model) === describeModel(stored);
          });
          if (!explained) {
            throw new Error(
              `From ${describeModel(model)} by ${JSON.stringify(commands)} told ${JSON.stringify(told)} to ${describeModel(stored)}`,
            );
          }
          model = stored;
        }
        await checkViews(model);
        await checkAnnouncements(model);
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});

function permutations(items: readonly number[]): number[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item) => permutations(items.filter((each) => each !== item)).map((rest) => [item, ...rest]));
}
