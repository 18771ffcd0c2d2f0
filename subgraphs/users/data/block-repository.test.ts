import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabases, type OpenedDatabase } from '../../../tests/testkit/services/databases.js';
import { createBlockRepository, type BlockRepository } from './block-repository.js';
import { startFriends, type FriendsUnderTest } from '../tests/friends-harness.js';

const databases = await testDatabases();
describe.each(databases)('The other sides of blocks on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let friendly: FriendsUnderTest;
  let blocks: BlockRepository;
  beforeAll(async () => {
    opened = await open();
    friendly = startFriends(opened.database);
    blocks = createBlockRepository(friendly.prisma);
  }, 120_000);
  afterAll(async () => {
    await friendly.close();
    await opened.close();
  });

  it('are those who block and those who are blocked, each once, and no more than asked for', async () => {
    const [ada, bob, cy, dan] = await Promise.all(['ada', 'bob', 'cy', 'dan'].map((name) => friendly.register(name)));
    if (ada === undefined || bob === undefined || cy === undefined || dan === undefined) throw new Error('nobody was registered');
    await friendly.friends.block(ada, bob.userId);
    await friendly.friends.block(bob, ada.userId);
    await friendly.friends.block(cy, ada.userId);
    await friendly.friends.block(ada, dan.userId);

    const found = await blocks.findOtherSides([ada.userId, cy.userId], 3);
    expect([...(found.get(ada.userId) ?? [])].sort()).toEqual([bob.userId, cy.userId, dan.userId].sort());
    expect(found.get(cy.userId)).toEqual([ada.userId]);
    expect((await blocks.findOtherSides([ada.userId], 2)).get(ada.userId)).toHaveLength(2);

    await friendly.friends.unblock(cy, ada.userId);
    expect(await blocks.findOtherSides([cy.userId], 3)).toEqual(new Map());
    expect(await blocks.findOtherSides([], 3)).toEqual(new Map());
  });
});
