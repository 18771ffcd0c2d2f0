import { hash, verify } from 'argon2';
import { execute, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAuthClient, goodPassword } from '../../tests/auth-client.js';
import { startAuth, type AuthHarness } from '../../tests/auth-harness.js';
import { testDatabases, type OpenedDatabase } from '../../../../tests/testkit/services/databases.js';
import { argon2Parameters } from './password-hasher.js';

/** Costs about 2 ms instead of 25: what is compared is whether it is spent at all. */
const passwordCost = { ...argon2Parameters, memoryCost: 2048 };
const rounds = 1_000;
const warmUp = 50;
const resamplings = 1_000;

const databases = await testDatabases();
// The fastest there is.
const database = databases.at(-1);

describe('SECURITY 9: a refused sign-in tells nothing by its time', () => {
  let opened: OpenedDatabase;
  let harness: AuthHarness;

  beforeAll(async () => {
    if (database === undefined) throw new Error('no database');
    opened = await database.open();
    harness = await startAuth(opened.database, { passwordCost });
    const client = createAuthClient(harness);
    for (const username of ['with_password', 'no_password', 'disabled_one']) await client.mustRegister({ username });
    await harness.prisma.credential.deleteMany({ where: { account: { username: 'no_password' } } });
    await harness.prisma.account.update({ where: { usernameLower: 'disabled_one' }, data: { disabledAt: new Date() } });
  });
  afterAll(async () => {
    await harness.close();
    await opened.close();
  });

  // Parsed once, as the subgraph itself does: the less everything else takes, the more a difference shows.
  const document = parse('mutation ($input: LoginInput!) { login(input: $input) { __typename ... on UserError { code message } } }');
  async function timeOf(identifier: string, password: string): Promise<{ ms: number; answer: string }> {
    const started = performance.now();
    const contextValue = await harness.auth.createContext({});
    const variableValues = { input: { identifier, password } };
    const { data, errors } = await execute({ schema: harness.auth.schema, document, variableValues, contextValue });
    return { ms: performance.now() - started, answer: JSON.stringify(errors ?? data) };
  }

  const cases = {
    'a wrong password': () => timeOf('with_password', 'not the password'),
    'an unknown user': () => timeOf('nobody_here', goodPassword),
    'an account without a password': () => timeOf('no_password', goodPassword),
    'a disabled account, with the right password': () => timeOf('disabled_one', goodPassword),
    'a disabled account, with a wrong password': () => timeOf('disabled_one', 'not the password'),
  };
  const [reference, ...others] = Object.keys(cases) as [keyof typeof cases, ...(keyof typeof cases)[]];

  it(`over ${String(rounds)} paired samples of each kind`, async () => {
    const times = new Map<string, number[]>(Object.keys(cases).map((name) => [name, []]));
    const answers = new Set<string>();
    const phc = await hash('x', passwordCost);
    const hashTimes: number[] = [];
    for (let round = 0; round < warmUp + rounds; round += 1) {
      // In another order each time: what slows one down slows down any.
      for (const name of shuffled([reference, ...others])) {
        const { ms, answer } = await cases[name]();
        answers.add(answer);
        if (round >= warmUp) times.get(name)?.push(ms);
      }
      // Among the samples, so that the measure is taken on the same machine under the same load as what it measures.
      const started = performance.now();
      await verify(phc, 'y');
      if (round >= warmUp) hashTimes.push(performance.now() - started);
    }
    expect([...answers]).toEqual([expect.stringContaining('INVALID_CREDENTIALS')]);

    const timeOfReference = times.get(reference) ?? [];
    const costOfHash = median(hashTimes);
    for (const name of others) {
      const differences = (times.get(name) ?? []).map((ms, round) => ms - (timeOfReference[round] ?? 0));
      const [low, high] = intervalOfMedian(differences);
      // Equivalence, not just no proof of a difference: the whole interval lies within a third of one check of a cheap hash, which is
      // a fortieth of a real one. A check that is left out differs by three times the bound.
      const verdict = { name, low, high, costOfHash, isEquivalent: Math.max(Math.abs(low), Math.abs(high)) < costOfHash / 3 };
      expect(verdict).toMatchObject({ isEquivalent: true });
    }
  }, 400_000);
});

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Of the median, by the bootstrap: 99.8 % of resampled medians lie in it. */
function intervalOfMedian(values: readonly number[]): readonly [number, number] {
  const medians = Array.from({ length: resamplings }, () =>
    median(values.map(() => values[Math.floor(Math.random() * values.length)] ?? 0)),
  ).sort((a, b) => a - b);
  return [medians[1] ?? 0, medians[resamplings - 2] ?? 0];
}
