import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { testDatabases, type OpenedDatabase } from '../../../../tests/testkit/services/databases.js';
import type { AuthContext } from '../../context.js';
import { createUsernameRepository } from '../../data/username-repository.js';
import { goodPassword } from '../../tests/auth-client.js';
import { encryptionKey, startAuth, type AuthHarness } from '../../tests/auth-harness.js';
import { answerOf, noNames, type UsernameAnswer, type UsernameCommand, type UsernameModel } from '../../tests/username-model.js';
import { deriveKey } from '../keys/derive-key.js';
import { argon2Parameters } from '../passwords/password-hasher.js';
import { createUsernameHolds, usernameCooldownMs, usernameHoldMs } from './username-holds.js';

const databases = await testDatabases();
const holds = createUsernameHolds(deriveKey(encryptionKey, 'username holds'));

/** Few enough that people get in each other's way, in several spellings. */
const names = fc.constantFrom('alpha', 'Alpha', 'ALPHA', 'beta', 'BETA', 'gamma', 'Gamma', 'delta');
/** Just before and after the ends of cool-down and hold as well; the two may begin at different times. */
const day = 24 * 60 * 60_000;
const pauses = fc.constantFrom(1, day, usernameHoldMs / 2, usernameCooldownMs - 1, usernameCooldownMs, usernameHoldMs, 2 * usernameHoldMs);
/** Taken modulo the number of people there are. */
const people = fc.nat(5);

const asked = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('register' as const), name: names }), weight: 2 },
  { arbitrary: fc.record({ kind: fc.constant('rename' as const), person: people, name: names }), weight: 5 },
  { arbitrary: fc.record({ kind: fc.constant('ask' as const), person: fc.option(people), name: names }), weight: 2 },
);
const steps = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('one' as const), command: asked }), weight: 6 },
  { arbitrary: fc.record({ kind: fc.constant('pause' as const), ms: pauses }), weight: 4 },
  { arbitrary: fc.record({ kind: fc.constant('both' as const), commands: fc.tuple(asked, asked) }), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant('clean' as const) }), weight: 1 },
);

describe.each(databases)('names, as a model has them, on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let harness: AuthHarness;
  let auth: AuthContext;
  let runs = 0;

  beforeAll(async () => {
    opened = await open();
    harness = await startAuth(opened.database, { passwordCost: { ...argon2Parameters, memoryCost: 1024, timeCost: 2 } });
    auth = await harness.auth.createContext({});
  });
  afterAll(async () => {
    await harness.close();
    await opened.close();
  });

  /** The real thing, with names of its own, so that no other run has to do with them. */
  function createSubject() {
    const prefix = `r${String((runs += 1))}_`;
    const ids: string[] = [];
    const viewerOf = (userId: string) => ({
      userId,
      sessionId: '019aa000-0000-7000-8000-000000000002',
      username: 'whatever the token says',
      roles: ['USER' as const],
      authenticatedAt: harness.now(),
      expiresAt: harness.now() + 600_000,
    });
    const idOf = (person: number) => {
      const id = ids[person];
      if (id === undefined) throw new Error(`nobody is number ${String(person)}`);
      return id;
    };

    async function run(command: UsernameCommand): Promise<{ readonly answer: UsernameAnswer; readonly registered: string | null }> {
      const name = prefix + command.name;
      switch (command.kind) {
        case 'register': {
          const outcome = await auth.registration.register({
            username: name,
            password: goodPassword,
            userAgent: undefined,
            clientIp: null,
          });
          if (outcome.kind === 'UsernameTaken') return { answer: 'taken', registered: null };
          if (outcome.kind !== 'SignedIn') throw new Error(outcome.kind);
          return { answer: 'done', registered: outcome.user.id };
        }
        case 'rename': {
          const outcome = await auth.usernames.change(viewerOf(idOf(command.person)), name);
          if (outcome.kind === 'InvalidInput') throw new Error(outcome.kind);
          if (outcome.kind === 'Cooldown') return { answer: { retryAt: outcome.retryAt.getTime() }, registered: null };
          return { answer: outcome.kind === 'Changed' ? 'done' : 'taken', registered: null };
        }
        case 'ask': {
          const viewer = command.person === null ? null : viewerOf(idOf(command.person));
          const { available } = await auth.usernames.availability(viewer, name, null);
          return { answer: available ? 'free' : 'taken', registered: null };
        }
      }
    }

    return {
      async ask(commands: readonly UsernameCommand[]): Promise<readonly UsernameAnswer[]> {
        const results = await Promise.all(commands.map(run));
        ids.push(...results.flatMap(({ registered }) => (registered === null ? [] : [registered])));
        return results.map(({ answer }) => answer);
      },
      /** Compares what is stored with the model. */
      async expectToBe(model: UsernameModel): Promise<void> {
        const rows = await harness.prisma.account.findMany({ where: { id: { in: ids } }, select: { id: true, username: true } });
        const stored = new Map(rows.map(({ id, username }) => [id, username]));
        expect(ids.map((id) => stored.get(id))).toEqual(model.people.map(({ name }) => prefix + name));
        const folded = [...stored.values()].map((name) => name.toLowerCase());
        expect(new Set(folded).size).toBe(folded.length);

        const now = harness.now();
        const live = await harness.prisma.usernameHold.findMany({ where: { accountId: { in: ids }, heldUntil: { gt: new Date(now) } } });
        const expected = [...model.holds].filter(([, { until }]) => until > now);
        const sorted = (list: readonly (readonly [string, string, number])[]) => [...list].sort(([a], [b]) => a.localeCompare(b));
        expect(sorted(live.map(({ nameHash, accountId, heldUntil }) => [nameHash, String(accountId), heldUntil.getTime()]))).toEqual(
          sorted(expected.map(([name, { person, until }]) => [holds.hashOf(prefix + name), idOf(person), until])),
        );
        // A name in quarantine is nobody else's.
        const owners = new Map(rows.map(({ id, username }) => [holds.hashOf(username), id]));
        for (const { nameHash, accountId } of live) expect([accountId, undefined]).toContain(owners.get(nameHash));
      },
    };
  }

  /** Those that name somebody who is there, with the number of that person. */
  const meant = (command: UsernameCommand, { people: { length } }: UsernameModel): UsernameCommand | null => {
    if (command.kind === 'register' || command.person === null) return command;
    return length === 0 ? null : { ...command, person: command.person % length };
  };

  /** What the model says to commands in this order. */
  function inOrder(model: UsernameModel, commands: readonly UsernameCommand[]) {
    const answers: UsernameAnswer[] = [];
    for (const command of commands) {
      const next = answerOf(model, command, harness.now());
      answers.push(next.answer);
      model = next.model;
    }
    return { model, answers };
  }

  it('get the answers of the model to whatever people ask, one after the other or two at once, while time goes by', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 8, maxLength: 30 }), async (list) => {
        const subject = createSubject();
        let model = noNames;
        for (const step of list) {
          if (step.kind === 'pause') {
            harness.advance(step.ms);
          } else if (step.kind === 'clean') {
            await createUsernameRepository(harness.prisma).removeEndedHolds(new Date(harness.now()));
          } else {
            const given = step.kind === 'one' ? [step.command] : step.commands;
            const commands = given.flatMap((command) => meant(command, model) ?? []);
            const [first, second] = commands;
            const isOneTwice = first?.kind === 'rename' && second?.kind === 'rename' && first.person === second.person;
            // Who asks twice at once is told of the cool-down, also when only capitals change: not what one after the other gets.
            const asked = isOneTwice ? [first] : commands;
            const answers = await subject.ask(asked);
            const orders = [inOrder(model, asked), reversed(inOrder(model, asked.toReversed()))];
            const matching = orders.find((order) => JSON.stringify(order.answers) === JSON.stringify(answers));
            if (matching === undefined) expect(answers).toEqual(orders[0]?.answers);
            else model = matching.model;
          }
          await subject.expectToBe(model);
        }
      }),
      { numRuns: 40 },
    );
  }, 120_000);

  const reversed = ({ model, answers }: { model: UsernameModel; answers: UsernameAnswer[] }) => ({ model, answers: answers.toReversed() });
});
