import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createRevocations } from '../../../../shared/auth/revocations.js';
import { newAccountState, type Account } from '../../data/account-repository.js';
import { createFakeFamilies } from '../../tests/fake-refresh-families.js';
import type { Mailer } from '../mail/mailer.js';
import { createRefreshTokens } from './refresh-token.js';
import { createSessionEnder } from './session-ender.js';
import { createSessionRefresher, retryGraceMs, type RefreshTokenPlace } from './session-refresher.js';
import { sessionLifetime } from './session-lifetime.js';

const account: Account = {
  id: '019aa000-0000-7000-8000-000000000001',
  username: 'Ada',
  email: 'ada@example.org',
  roles: ['USER'],
  createdAt: new Date(0),
  ...newAccountState,
};
const sessionId = '019aa000-0000-7000-8000-000000000002';

async function createSubject() {
  let time = Date.parse('2026-11-20T12:00:00Z');
  const now = () => time;
  const refreshTokens = createRefreshTokens(new Uint8Array(32).fill(1));
  const families = createFakeFamilies(account);
  const revocations = createRevocations(now);
  const wakeOutbox = () => undefined;
  const sessionEnder = createSessionEnder({ families, refreshTokens, revocations, wakeOutbox, now });
  const issuer = { issue: () => ({ token: 'access', expiresAt: new Date(time + 600_000) }) };
  const mails: { template: string; to: string | null }[] = [];
  const mailer: Pick<Mailer, 'rows' | 'wake'> = {
    rows(template, { to }) {
      mails.push({ template, to });
      return Promise.resolve([]);
    },
    wake: () => undefined,
  };
  const refresher = createSessionRefresher({ families, refreshTokens, issuer, sessionEnder, mailer, wakeOutbox, now });
  const first = refreshTokens.create();
  await families.start(
    {
      id: sessionId,
      accountId: account.id,
      device: null,
      amr: ['pwd'],
      createdAt: new Date(time),
      expiresAt: new Date(time + sessionLifetime.absoluteMs),
      tokenHash: refreshTokens.hash(first),
    },
    [],
  );
  return {
    first,
    mails,
    families,
    revocations,
    now,
    advance: (ms: number) => (time += ms),
    async refresh(token: string, from: RefreshTokenPlace = 'client'): Promise<string | null> {
      const outcome = await refresher.refresh(token, from);
      return outcome.kind === 'SignedIn' ? outcome.refreshToken : null;
    },
    async bindToBrowser(token: string): Promise<string | null> {
      const outcome = await refresher.bindToBrowser(token);
      return outcome.kind === 'SignedIn' ? outcome.refreshToken : null;
    },
  };
}

describe('refreshing a session', () => {
  it('SECURITY 22: keeps a token that a stranger invents from ending anything', async () => {
    const subject = await createSubject();
    await expect(subject.refresh('x'.repeat(43))).resolves.toBeNull();
    await expect(subject.refresh(subject.first)).resolves.not.toBeNull();
  });

  it('SECURITY 23: announces the end of a stolen session once, and tells its owner', async () => {
    const subject = await createSubject();
    await subject.refresh(subject.first);
    subject.advance(retryGraceMs + 1);
    await subject.refresh(subject.first);
    expect(subject.mails).toEqual([{ template: 'session-stolen', to: account.email }]);
    await Promise.all(Array.from({ length: 20 }, () => subject.refresh(subject.first)));
    expect(subject.families.events.filter(({ type }) => type === 'session.ended')).toHaveLength(1);
    expect(subject.mails).toHaveLength(1);
    expect(subject.revocations.isRevoked(sessionId)).toBe(true);
  });

  it('SECURITY 25: takes a token up to a moment before its idle end, and none at it', async () => {
    const [kept, lost] = [await createSubject(), await createSubject()];
    kept.advance(sessionLifetime.idleMs - 1);
    await expect(kept.refresh(kept.first)).resolves.not.toBeNull();
    lost.advance(sessionLifetime.idleMs);
    await expect(lost.refresh(lost.first)).resolves.toBeNull();
  });

  it('SECURITY 25: takes a token up to a moment before the absolute end, however busy the session is, and none at it', async () => {
    const subject = await createSubject();
    const step = sessionLifetime.absoluteMs / 9;
    let token: string | null = subject.first;
    for (let use = 1; use < 9; use += 1) {
      subject.advance(step);
      token = await subject.refresh(token ?? '');
    }
    subject.advance(step - 1);
    token = await subject.refresh(token ?? '');
    expect(token).not.toBeNull();
    subject.advance(1);
    await expect(subject.refresh(token ?? '')).resolves.toBeNull();
  });

  /**
   * The rules once more, as plainly as they can be said: a chain of tokens, each with the time of its use, in one place or the other.
   * Whatever order clients, browsers, thieves, lost answers and the clock act in, the service must agree with it.
   */
  it('SECURITY 24: agrees with a model of its rules over any history', async () => {
    // `age` picks the token: 0 the newest, and older ones as a client sends that has lost the answer, or as a thief does.
    const asking = { age: fc.nat(4), parallel: fc.integer({ min: 1, max: 5 }) };
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('refresh' as const), from: fc.constant('client' as const), ...asking }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('refresh' as const), from: fc.constant('cookie' as const), ...asking }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('bind' as const), ...asking }) },
      {
        weight: 5,
        arbitrary: fc.record({
          kind: fc.constant('wait' as const),
          ms: fc.oneof(
            fc.constantFrom(1, 1000, retryGraceMs - 1, retryGraceMs, retryGraceMs + 1),
            fc.constantFrom(sessionLifetime.idleMs - 1, sessionLifetime.idleMs, sessionLifetime.absoluteMs / 4),
          ),
        }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const subject = await createSubject();
        const born = subject.now();
        const chain = [{ token: subject.first, createdAt: born, usedAt: null as number | null }];
        let isRevoked = false;
        let isBrowser = false;
        for (const each of steps) {
          if (each.kind === 'wait') {
            subject.advance(each.ms);
            continue;
          }
          const index = Math.max(0, chain.length - 1 - each.age);
          const link = chain[index];
          if (link === undefined) throw new Error('the chain is never empty');
          const now = subject.now();
          const ask = () => (each.kind === 'bind' ? subject.bindToBrowser(link.token) : subject.refresh(link.token, each.from));
          const answers = await Promise.all(Array.from({ length: each.parallel }, ask));
          expect(new Set(answers).size).toBe(1);
          const [answer] = answers;
          if (each.kind === 'bind') isBrowser = true;
          const isInPlace = isBrowser === (each.kind === 'bind' || each.from === 'cookie');
          const isOver = isRevoked || now >= born + sessionLifetime.absoluteMs;
          if (isOver) {
            expect(answer).toBeNull();
          } else if (link.usedAt === null) {
            if (!isInPlace || now - link.createdAt >= sessionLifetime.idleMs) {
              expect(answer).toBeNull();
            } else {
              expect(answer).toHaveLength(43);
              expect(chain.map(({ token }) => token)).not.toContain(answer);
              link.usedAt = now;
              chain.push({ token: answer ?? '', createdAt: now, usedAt: null });
            }
          } else if (now - link.usedAt <= retryGraceMs) {
            expect(answer).toBe(isInPlace ? chain[index + 1]?.token : null);
          } else {
            expect(answer).toBeNull();
            isRevoked = true;
          }
          expect(subject.families.isRevoked()).toBe(isRevoked);
          expect(subject.families.tokenCount()).toBe(chain.length);
        }
      }),
      { numRuns: 500 },
    );
  });
});
