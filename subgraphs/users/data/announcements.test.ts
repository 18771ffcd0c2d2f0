import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { projectRoot } from '../../../shared/config/project-root.js';
import { createDomainEvent, domainEvents } from '../../../shared/events/domain-events.js';
import { createOutboxRelay, toOutboxRow } from '../../../shared/events/outbox/outbox.js';
import { createLogger } from '../../../shared/logging/logger.js';
import { testDatabases, type OpenedDatabase } from '../../../tests/testkit/services/databases.js';
import type { ProfileChange } from '../services/profiles/profile.js';
import { createKnownUserRepository } from './known-user-repository.js';
import { createUsersPrisma, usersSchema, type UsersPrisma } from './prisma.js';
import { createProfileRepository } from './profile-repository.js';
import { until } from '../../../tests/testkit/until.js';

const databases = await testDatabases();
describe.each(databases)('What users announces, on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let prisma: UsersPrisma;
  beforeAll(async () => {
    opened = await open();
    prisma = createUsersPrisma(opened.database);
  }, 120_000);
  afterAll(async () => {
    await prisma.$disconnect();
    await opened.close();
  });

  const announced = () =>
    prisma.outboxEvent.findMany({ orderBy: { sequence: 'asc' }, select: { type: true, key: true, payload: true, publishedAt: true } });
  const change = (userId: string, change_: ProfileChange) =>
    createProfileRepository(prisma).update({ userId, username: 'ada', change: change_, at: new Date(0) });
  const about = async (userId: string) => (await announced()).filter(({ key }) => key === userId).map(({ payload }) => payload);

  it('is who may read a profile, with every change of it, and no other change of the profile', async () => {
    const userId = uuidv7();
    await change(userId, { bio: 'Hello' });
    await change(userId, { displayName: 'Ada' });
    expect(await about(userId)).toEqual([]);
    await change(userId, { visibility: 'FRIENDS' });
    await change(userId, { visibility: 'NOBODY', displayName: null });
    await change(userId, { visibility: 'EVERYONE', bio: null });
    expect(await about(userId)).toEqual(['FRIENDS', 'NOBODY', 'EVERYONE'].map((visibility) => ({ userId, visibility })));
  });

  it('SECURITY 51: is nothing of the profile of somebody who was deleted meanwhile', async () => {
    const userId = uuidv7();
    await change(userId, { visibility: 'FRIENDS' });
    const users = createKnownUserRepository(prisma, { announcesUserEvents: false });
    await users.forget({ userId, legacyId: 1, eventId: uuidv7(), occurredAt: new Date(0).toISOString() });
    expect(await about(userId)).toEqual([]);
  });

  it('is once more what was so before others kept it: friends, blocks, and profiles that are hidden', async () => {
    const [a, b, c, d] = Array.from({ length: 4 }, () => uuidv7()).sort() as [string, string, string, string];
    const at = new Date(0);
    await prisma.outboxEvent.deleteMany();
    await prisma.profile.deleteMany();
    await prisma.friendship.createMany({ data: [{ lowId: a, highId: b, since: at }] });
    await prisma.block.createMany({
      data: [
        [c, a],
        [c, d],
        [d, c],
      ].map(([blockerId = '', blockedId = '']) => ({ blockerId, blockedId, createdAt: at })),
    });
    await prisma.profile.createMany({
      data: [
        { userId: a, visibility: 'EVERYONE', updatedAt: at },
        { userId: b, visibility: 'NOBODY', updatedAt: at },
      ],
    });
    const folder = 'subgraphs/users/prisma/migrations/20261121031200_users_announce_relations';
    const script = await readFile(join(projectRoot, folder, 'migration.sql'), 'utf8');
    for (const statement of script.split(/;\n/).filter((text) => text.trim() !== '')) await prisma.$executeRawUnsafe(statement);
    const events = await announced();
    expect(new Set(events)).toEqual(
      new Set([
        { type: 'relation.changed', key: a, payload: { userIds: [a, b], friends: true, blockers: [] }, publishedAt: null },
        { type: 'relation.changed', key: a, payload: { userIds: [a, c], friends: false, blockers: [c] }, publishedAt: null },
        { type: 'relation.changed', key: c, payload: { userIds: [c, d], friends: false, blockers: [c, d] }, publishedAt: null },
        { type: 'profile.changed', key: b, payload: { userId: b, visibility: 'NOBODY' }, publishedAt: null },
      ]),
    );
    for (const { type, payload } of events) domainEvents[type as 'relation.changed' | 'profile.changed'].parse(payload);
  });

  it('goes out through the same Prisma client, with rows as they were written', async () => {
    await prisma.outboxEvent.deleteMany();
    const userId = uuidv7();
    const event = createDomainEvent('user.registered', {
      key: userId,
      payload: { userId, username: 'ada', createdAt: '2026-01-31T12:00:00.000Z' },
      now: () => Date.UTC(2026, 0, 31, 12, 0, 0, 123),
    });
    await prisma.$transaction(async (tx) => {
      await tx.outboxEvent.createMany({ data: [event].map(toOutboxRow) });
    });
    const published: unknown[] = [];
    const relay = createOutboxRelay({
      database: prisma,
      schema: usersSchema,
      bus: {
        publish: (events) => {
          published.push(...events);
          return Promise.resolve();
        },
      },
      logger: createLogger({ name: 'test', level: 'silent' }),
      pollMs: 5,
    });
    await until(() => published.length > 0);
    await relay.close();
    expect(published).toEqual([event]);
    expect(await prisma.outboxEvent.count({ where: { publishedAt: null } })).toBe(0);
    expect(await prisma.outboxLease.count()).toBe(0);
  });
});
