import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { testDatabases } from '../../../../tests/testkit/services/databases.js';
import { encryptionKey, startAuth, type AuthHarness } from '../../tests/auth-harness.js';
import { createSecondFactorClient } from '../../tests/second-factor-client.js';
import { deriveKey } from '../keys/derive-key.js';
import { createMfaTokens } from './mfa-token.js';
import { createTotpSecret, stepAt, totpCodeAt } from './totp-code.js';
import { createTotpSecrets } from './totp-secrets.js';

const minute = 60_000;
const databases = await testDatabases();
const mfaTokens = createMfaTokens();

/** Somebody with an app, and sign-ins of theirs that wait for a code, without the cost of a password each. */
async function createSubject(harness: AuthHarness) {
  const { prisma } = harness;
  const now = () => harness.now();
  const client = createSecondFactorClient(harness);
  const [accountId, secret] = [randomUUID(), createTotpSecret()];
  const username = `p_${accountId.slice(-20).replaceAll('-', '')}`;
  const createdAt = new Date(now());
  await prisma.account.create({ data: { id: accountId, username, usernameLower: username, roles: ['USER'], createdAt } });
  const sealed = await createTotpSecrets(deriveKey(encryptionKey, 'TOTP secrets')).seal(accountId, secret);
  await prisma.totp.create({ data: { accountId, secret: sealed, createdAt, confirmedAt: createdAt } });

  return {
    /** How many of `parallel` sign-ins a code of the step opens. */
    async send(step: bigint, parallel: number): Promise<number> {
      const tokens = Array.from({ length: parallel }, () => mfaTokens.create());
      await prisma.mfaChallenge.createMany({
        data: tokens.map((token) => ({
          hash: mfaTokens.hash(token),
          accountId,
          amr: ['pwd'],
          createdAt: new Date(now()),
          expiresAt: new Date(now() + 5 * minute),
        })),
      });
      const code = totpCodeAt(secret, step);
      const answers = await Promise.all(tokens.map((mfaToken) => client.send('verifyMfa', { mfaToken, code })));
      // The back-off has tests of its own: here every code is looked at.
      await prisma.totp.update({ where: { accountId }, data: { failures: 0, lockedUntil: null } });
      return answers.filter(({ __typename }) => __typename === 'AuthPayload').length;
    },
    sessions: () => prisma.refreshFamily.count({ where: { accountId } }),
  };
}

describe.each(databases)('codes of an authenticator app on $name', ({ open }) => {
  /** The rule once more, as plainly as it can be said: of the newest two steps, only what is newer than all that was ever taken. */
  it('SECURITY 30: agree with a model of their rule in any order, at any speed and at once', async () => {
    const opened = await open();
    const harness = await startAuth(opened.database);
    const move = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('send' as const),
          ago: fc.integer({ min: -1, max: 3 }),
          parallel: fc.integer({ min: 1, max: 4 }),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 14_999, 29_999, 30_000, 30_001, 60_000) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('mixed' as const),
          agos: fc.uniqueArray(fc.integer({ min: 0, max: 2 }), { minLength: 2, maxLength: 3 }),
        }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 1, maxLength: 20 }), async (moves) => {
        const subject = await createSubject(harness);
        const accepted = new Set<bigint>();
        let last = 0n;
        const isGood = (step: bigint) => step > last && (step === stepAt(harness.now()) || step === stepAt(harness.now()) - 1n);
        for (const each of moves) {
          if (each.kind === 'wait') {
            harness.advance(each.ms);
          } else if (each.kind === 'send') {
            const step = stepAt(harness.now()) - BigInt(each.ago);
            const opens = isGood(step);
            expect(await subject.send(step, each.parallel)).toBe(opens ? 1 : 0);
            if (opens) {
              last = step;
              accepted.add(step);
            }
          } else {
            // Different codes at once: whichever comes first, none opens two, and one that is older than another taken one may be late.
            const steps = each.agos.map((ago) => stepAt(harness.now()) - BigInt(ago));
            const good = steps.filter(isGood);
            const opened = await Promise.all(steps.map(async (step) => ({ step, count: await subject.send(step, 2) })));
            for (const { step, count } of opened) {
              expect(count).toBeLessThanOrEqual(good.includes(step) ? 1 : 0);
              if (count === 1) accepted.add(step);
              if (count === 1 && step > last) last = step;
            }
            // The newest one cannot be late.
            const newest = good.reduce((one, other) => (one > other ? one : other), 0n);
            expect(last >= newest).toBe(true);
          }
        }
        expect(await subject.sessions()).toBe(accepted.size);
      }),
      { numRuns: 30 },
    );
    await harness.close();
    await opened.close();
  }, 120_000);
});
