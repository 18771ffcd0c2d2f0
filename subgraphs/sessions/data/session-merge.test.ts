import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createPlainSql } from '../../../shared/database/plain-sql.js';
import type { RawDatabase } from '../../../shared/database/raw-database.js';
import { testDatabases, type OpenedDatabase } from '../../../tests/testkit/services/databases.js';
import { createSessionMerge } from './session-merge.js';

const [at, later] = [new Date('2026-11-21T08:00:00.123Z'), new Date('2026-12-21T08:00:00.123Z')];
const started = ({ id = uuidv7(), userId = uuidv7(), device = 'Phone' } = {}) =>
  ({ kind: 'Started', id, userId, device, startedAt: at, expiresAt: later }) as const;
const isLiving = { device: 'Phone', version: 0, lastSeenAt: at, expiresAt: later, isEnded: false };
const databases = await testDatabases();

describe.each(databases)('What comes of sessions in one turn, on $name,', ({ open }) => {
  let opened: OpenedDatabase;
  let sql: RawDatabase;
  let statements = 0;

  beforeAll(async () => {
    opened = await open();
    sql = createPlainSql(opened.database);
  });
  afterAll(() => opened.close());

  function createMerge() {
    statements = 0;
    return createSessionMerge({
      $queryRawUnsafe: (text, ...values) => {
        statements += 1;
        return sql.$queryRawUnsafe(text, ...values);
      },
    });
  }

  it('fails for whom it fails, and is written for the others', async () => {
    const merge = createMerge();
    const [good, bad, another] = [started(), started({ device: 'a\u0000b' }), started()];
    const [first, second, third] = await Promise.allSettled([merge(good), merge(bad), merge(another)]);
    expect(second.status).toBe('rejected');
    expect([first, third]).toEqual([
      { status: 'fulfilled', value: { before: null, after: isLiving } },
      { status: 'fulfilled', value: { before: null, after: isLiving } },
    ]);
  });

  it("changes nothing of another user's session, and everything of the others", async () => {
    const merge = createMerge();
    const taken = started();
    await merge(taken);
    const results = await Promise.all([merge({ ...taken, userId: uuidv7(), device: 'Thief' }), merge(started())]);
    expect(results).toEqual([
      { before: null, after: null },
      { before: null, after: isLiving },
    ]);
    await expect(merge(taken)).resolves.toEqual({ before: isLiving, after: isLiving });
  });

  it('is merged when it is of one session twice', async () => {
    const merge = createMerge();
    const session = started();
    await Promise.all([merge(session), merge({ ...session, device: 'Renamed' }), merge({ ...session, id: session.id.toUpperCase() })]);
    const ended = { kind: 'Ended', id: session.id, userId: session.userId, endedAt: later, reason: 'LOGOUT' } as const;
    const { before, after } = await merge(ended);
    expect([before?.isEnded, after?.isEnded]).toEqual([false, true]);
  });

  it('is written together for those who are seen, but for one who was seen since', async () => {
    const merge = createMerge();
    const [ada, bob] = [started(), started()];
    await Promise.all([merge(ada), merge(bob)]);
    const minutes = (n: number) => new Date(at.getTime() + n * 60_000);
    const seen = ({ id, userId }: typeof ada, n: number) =>
      merge({ kind: 'Seen', id, userId, seenAt: minutes(n), notSince: minutes(n - 1), startedAt: at, expiresAt: later });
    await seen(bob, 1);
    statements = 0;
    expect(await Promise.all([seen(ada, 1.5), seen(bob, 1.5)])).toEqual([
      { before: isLiving, after: { ...isLiving, lastSeenAt: minutes(1.5) } },
      { before: { ...isLiving, lastSeenAt: minutes(1) }, after: null },
    ]);
    expect(statements).toBe(1);
  });

  it.each([
    [1, 1],
    [100, 1],
    [101, 2],
  ])('is written together: %d sessions in %d statements', async (sessions, expected) => {
    const merge = createMerge();
    const all = Array.from({ length: sessions }, () => started());
    const results = await Promise.all(all.map(merge));
    expect(results).toEqual(all.map(() => ({ before: null, after: isLiving })));
    expect(statements).toBe(expected);
  });
});
