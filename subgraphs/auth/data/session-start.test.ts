import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createPlainSql } from '../../../shared/database/plain-sql.js';
import { createDomainEvent } from '../../../shared/events/domain-events.js';
import type { RawDatabase } from '../../../shared/database/raw-database.js';
import { testDatabases, type OpenedDatabase } from '../../../tests/testkit/services/databases.js';
import { toAuditRow } from '../services/audit/audit-log.js';
import { createAuthPrisma, type AuthPrisma } from './prisma.js';
import { startSession, type NewSession } from './session-start.js';

const databases = await testDatabases();
const at = new Date('2026-11-21T01:02:03.004Z');

describe.each(databases)('A session that starts on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let prisma: AuthPrisma;
  let sql: RawDatabase;
  let accountId = '';

  beforeAll(async () => {
    opened = await open();
    prisma = createAuthPrisma(opened.database);
    sql = createPlainSql(opened.database);
  });
  afterAll(async () => {
    await prisma.$disconnect();
    await opened.close();
  });
  beforeEach(async () => {
    accountId = uuidv7();
    await prisma.account.create({
      data: { id: accountId, username: accountId, usernameLower: accountId, roles: ['USER'], createdAt: at },
    });
    await prisma.credential.create({ data: { accountId, kind: 'password', secret: 'the hash', createdAt: at, updatedAt: at } });
  });

  function newSession(place: string): NewSession {
    const id = uuidv7();
    const mail = (content: string) => ({ id: uuidv7(), content: `${content} of ${id}`, createdAt: at, dueAt: at });
    return {
      family: {
        id,
        accountId,
        device: `it's "here"`,
        amr: ['pwd', 'otp'],
        createdAt: at,
        expiresAt: new Date(at.getTime() + 1),
        tokenHash: id,
      },
      roles: ['USER'],
      events: [
        createDomainEvent('session.started', {
          key: accountId,
          payload: { sessionId: id, userId: accountId, device: null, startedAt: at.toISOString(), expiresAt: at.toISOString() },
        }),
      ],
      audit: [toAuditRow({ action: 'LOGIN_SUCCEEDED', accountId, sessionId: id, details: { amr: ['pwd'], device: null } })],
      mails: [mail('always')],
      place: {
        hash: place,
        ifNew: { audit: [toAuditRow({ action: 'NEW_DEVICE', accountId, sessionId: id })], mails: [mail('new place')] },
      },
    };
  }

  const start = (session: NewSession, passwordHash: string | undefined = 'the hash') =>
    startSession(sql, session, { passwordHash, isFirstFactorAlone: true });

  /** What has been written with it. */
  async function written({ family: { id } }: NewSession) {
    const [families, tokens, audit, mails, announcements] = await Promise.all([
      prisma.refreshFamily.findMany({ where: { id } }),
      prisma.refreshToken.findMany({ where: { familyId: id }, select: { hash: true, generation: true, createdAt: true } }),
      prisma.auditEvent.findMany({ where: { sessionId: id }, orderBy: { id: 'asc' } }),
      prisma.mail.findMany({ where: { content: { endsWith: id } }, orderBy: { id: 'asc' } }),
      prisma.outboxEvent.findMany({ where: { key: accountId, payload: { path: ['sessionId'], equals: id } } }),
    ]);
    return { families, tokens, audit, mails: mails.map(({ content }) => content.split(' of ')[0]), announcements };
  }
  const nothing = { families: [], tokens: [], audit: [], mails: [], announcements: [] };

  it('writes all that belongs to it, as it was given', async () => {
    const session = newSession('home');
    await expect(start(session)).resolves.toEqual({ kind: 'started', isNewPlace: false });
    const { families, tokens, audit, mails, announcements } = await written(session);
    const { tokenHash, ...family } = session.family;
    expect(families).toEqual([{ ...family, lastUsedAt: at, revokedAt: null, revokedReason: null, isBrowser: false }]);
    expect(tokens).toEqual([{ hash: tokenHash, generation: 1, createdAt: at }]);
    expect(audit).toEqual(session.audit);
    expect(mails).toEqual(['always']);
    expect(announcements).toMatchObject(session.events.map(({ id, type, payload }) => ({ id, type, payload, publishedAt: null })));
  });

  it('tells of a place that is neither the first nor known', async () => {
    const [first, elsewhere, again] = [newSession('home'), newSession('elsewhere'), newSession('elsewhere')];
    const outcomes = [];
    for (const session of [first, elsewhere, again]) outcomes.push(await start(session));
    expect(outcomes).toEqual([false, true, false].map((isNewPlace) => ({ kind: 'started', isNewPlace })));
    expect(await written(elsewhere)).toMatchObject({
      audit: [{ action: 'LOGIN_SUCCEEDED' }, { action: 'NEW_DEVICE' }],
      mails: ['always', 'new place'],
    });
    expect((await written(again)).mails).toEqual(['always']);
  });

  it('refuses a new place, and no other, for whoever has not written its mails yet', async () => {
    const tell = (place: string) => {
      const session = newSession(place);
      const conditions = { passwordHash: 'the hash', isFirstFactorAlone: true, isNewPlaceRefused: true };
      return startSession(sql, session, conditions).then((outcome) => ({ session, outcome }));
    };
    await expect(tell('home')).resolves.toMatchObject({ outcome: { kind: 'started', isNewPlace: false } });
    const { session, outcome } = await tell('elsewhere');
    expect(outcome).toEqual({ kind: 'new-place' });
    expect(await written(session)).toEqual(nothing);
    await expect(tell('home')).resolves.toMatchObject({ outcome: { kind: 'started', isNewPlace: false } });
    await expect(start(session)).resolves.toEqual({ kind: 'started', isNewPlace: true });
    await expect(tell('elsewhere')).resolves.toMatchObject({ outcome: { kind: 'started', isNewPlace: false } });
  });

  it('has one of twenty at once from a new place as new', async () => {
    await start(newSession('home'));
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => start(newSession('elsewhere'))));
    expect(outcomes.filter((outcome) => outcome.kind === 'started')).toHaveLength(20);
    expect(outcomes.filter((outcome) => outcome.kind === 'started' && outcome.isNewPlace)).toHaveLength(1);
  });

  it('is void, and writes nothing, when the account is disabled or gone, has lost a role or has another password', async () => {
    const late = newSession('home');
    await expect(start(late, 'another hash')).resolves.toEqual({ kind: 'void' });
    await expect(start({ ...late, roles: ['USER', 'MODERATOR'] })).resolves.toEqual({ kind: 'void' });
    await prisma.account.update({ where: { id: accountId }, data: { disabledAt: at } });
    await expect(start(late)).resolves.toEqual({ kind: 'void' });
    await prisma.account.delete({ where: { id: accountId } });
    await expect(start(late)).resolves.toEqual({ kind: 'void' });
    expect(await written(late)).toEqual(nothing);
  });

  it('waits for a change of the password that is under way, and is void after it', async () => {
    const late = newSession('home');
    const outcome = await prisma.$transaction(async (tx) => {
      await tx.credential.updateMany({ where: { accountId }, data: { secret: 'another hash' } });
      // Not awaited in here: it waits for the end of this.
      return { waiting: start(late) };
    });
    await expect(outcome.waiting).resolves.toEqual({ kind: 'void' });
    expect(await written(late)).toEqual(nothing);
  });

  it('is refused by a second factor, with nothing written, unless that has been proved', async () => {
    await prisma.totp.create({ data: { accountId, secret: 'sealed', createdAt: at } });
    await expect(start(newSession('home'))).resolves.toMatchObject({ kind: 'started' });
    await prisma.totp.update({ where: { accountId }, data: { confirmedAt: at } });
    const session = newSession('home');
    await expect(start(session)).resolves.toEqual({ kind: 'second-factor' });
    await prisma.totp.delete({ where: { accountId } });
    const passkey = { id: uuidv7(), accountId, credentialId: uuidv7(), publicKey: Buffer.from('key'), counter: 0n, transports: [] };
    await prisma.passkey.create({ data: { ...passkey, name: 'Key', createdAt: at } });
    await expect(start(session)).resolves.toEqual({ kind: 'second-factor' });
    expect(await written(session)).toEqual(nothing);
    await expect(startSession(prisma, session, { isFirstFactorAlone: false })).resolves.toMatchObject({ kind: 'started' });
    expect((await written(session)).families).toHaveLength(1);
  });
});
