import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createRelationTable, eraseRelations, type RelationTable, type TransactionalDatabase } from '../../shared/users/relation-table.js';
import { createAuthPrisma } from '../../subgraphs/auth/data/prisma.js';
import { createImagesPrisma } from '../../subgraphs/images/data/prisma.js';
import { createSessionsPrisma } from '../../subgraphs/sessions/data/prisma.js';
import { testDatabases, type OpenedDatabase } from '../testkit/services/databases.js';

const subgraphs = [
  ['auth', createAuthPrisma],
  ['sessions', createSessionsPrisma],
  ['images', createImagesPrisma],
] as const;

const databases = await testDatabases();
describe.each(databases)('On $name', ({ open }) => {
  let opened: OpenedDatabase;
  beforeAll(async () => {
    opened = await open();
  }, 120_000);
  afterAll(() => opened.close());

  describe.each(subgraphs)('the relations that %s keeps', (schema, createPrisma) => {
    let prisma: TransactionalDatabase & { $disconnect(): Promise<void> };
    let relations: RelationTable;
    beforeAll(() => {
      prisma = createPrisma(opened.database);
      relations = createRelationTable(prisma, schema);
    });
    afterAll(() => prisma.$disconnect());

    /** Two new users, the lower first: uuids of one moment are in order. */
    function pair() {
      const [low, high] = [uuidv7(), uuidv7()].sort() as [string, string];
      return { low, high, nothing: { userIds: [low, high] as [string, string], friends: false, blockers: [] } };
    }
    const erase = (userId: string) => prisma.$transaction((tx) => eraseRelations(tx, schema, userId));

    it('are none for ids that nobody can have', async () => {
      const odd = ["' OR 1=1 --", '__proto__', '', 'null'];
      expect([await relations.among(uuidv7(), odd), await relations.hiddenFrom(uuidv7(), odd)]).toEqual([new Map(), new Set()]);
    });

    it('hide from the blocked alone who blocks them, and from nobody whom they block themselves', async () => {
      for (const isLow of [true, false]) {
        const { low, high, nothing } = pair();
        const [blocker, blocked] = isLow ? [low, high] : [high, low];
        const hidden = async () => [await relations.hiddenFrom(blocked, [blocker]), await relations.hiddenFrom(blocker, [blocked])];
        await relations.take(uuidv7(), { ...nothing, friends: true });
        expect(await hidden()).toEqual([new Set(), new Set()]);
        await relations.take(uuidv7(), { ...nothing, blockers: [blocker] });
        expect(await hidden()).toEqual([new Set([blocker]), new Set()]);
        await relations.take(uuidv7(), { ...nothing, blockers: [low, high] });
        expect(await hidden()).toEqual([new Set(), new Set()]);
        await relations.take(uuidv7(), nothing);
        expect(await hidden()).toEqual([new Set(), new Set()]);
      }
    });

    it('are the same from both sides, and follow every change', async () => {
      const { low, high, nothing } = pair();
      const seen = async () => [await relations.among(low, [high, high]), await relations.among(high, [low])];
      const friends = async () => [await relations.friendsOf(low), await relations.friendsOf(high)];
      await relations.take(uuidv7(), { ...nothing, friends: true });
      expect(await seen()).toEqual([new Map([[high, 'FRIEND']]), new Map([[low, 'FRIEND']])]);
      expect(await friends()).toEqual([new Set([high]), new Set([low])]);
      await relations.take(uuidv7(), { ...nothing, blockers: [high] });
      expect(await seen()).toEqual([new Map([[high, 'BLOCKED']]), new Map([[low, 'BLOCKED']])]);
      expect(await friends()).toEqual([new Set(), new Set()]);
      await relations.take(uuidv7(), nothing);
      expect(await seen()).toEqual([new Map(), new Map()]);
    });

    it('do not go back when an older event comes again', async () => {
      const { low, nothing } = pair();
      const befriended = uuidv7();
      await relations.take(befriended, { ...nothing, friends: true });
      await relations.take(uuidv7(), nothing);
      await relations.take(befriended, { ...nothing, friends: true });
      expect(await relations.friendsOf(low)).toEqual(new Set());
    });

    it('end with either of the two, and do not come back with an announcement that comes later', async () => {
      for (const isLow of [true, false]) {
        const { low, high, nothing } = pair();
        await relations.take(uuidv7(), { ...nothing, friends: true });
        await erase(isLow ? low : high);
        await erase(isLow ? low : high);
        await relations.take(uuidv7(), { ...nothing, blockers: [low] });
        expect([await relations.among(low, [high]), await relations.among(high, [low])]).toEqual([new Map(), new Map()]);
        const dump = await prisma.$queryRawUnsafe<unknown[]>(`SELECT * FROM ${schema}.relation, ${schema}.inbox_event`);
        expect(JSON.stringify(dump)).not.toContain(isLow ? low : high);
      }
    });

    it('leave nothing of a user who is erased while they are announced', async () => {
      const pairs = Array.from({ length: 10 }, () => pair());
      await Promise.all(
        pairs.flatMap(({ low, nothing }, index) => {
          const steps = [() => relations.take(uuidv7(), { ...nothing, friends: true }), () => erase(low)];
          return (index % 2 === 0 ? steps : steps.reverse()).map((step) => step());
        }),
      );
      for (const { low, high } of pairs) expect(await relations.among(low, [high])).toEqual(new Map());
    });
  });
});
