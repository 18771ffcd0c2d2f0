import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defaultNetworkRates } from '../../../../shared/config/network-rate-settings.js';
import { AppError } from '../../../../shared/errors/app-error.js';
import { createRateLimits, type RateLimits } from '../../../../shared/rate-limits/rate-limits.js';
import { testDatabases, type OpenedDatabase } from '../../../../tests/testkit/services/databases.js';
import { createAuthClient, goodPassword } from '../../tests/auth-client.js';
import { logger, startAuth, type AuthHarness, type RunOptions } from '../../tests/auth-harness.js';
import { createRecoveryClient } from '../../tests/recovery-client.js';
import { passwordAttempts } from './throttles.js';

const databases = await testDatabases();
describe.each(databases)('throttles on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let harness: AuthHarness;
  let client: ReturnType<typeof createAuthClient>;
  let recovery: ReturnType<typeof createRecoveryClient>;
  let people = 0;

  beforeAll(async () => {
    opened = await open();
    // As it is by default: these are the limits that people meet. Only that no wait is over before a slow machine has seen it.
    const limits = createRateLimits({ redisUrl: undefined, scale: 1, logger });
    const rateLimits: RateLimits = {
      ...limits,
      attempts: (name, rule) => limits.attempts(name, { ...rule, firstSeconds: rule.mostSeconds }),
    };
    harness = await startAuth(opened.database, { rateLimits });
    client = createAuthClient(harness);
    recovery = createRecoveryClient(harness);
  });
  afterAll(async () => {
    await harness.close();
    await opened.close();
  });

  let networks = 0;
  /** A place that nobody has been to. */
  const newPlace = (userAgent = 'Unknown'): RunOptions => ({
    clientIp: `198.${String((networks += 1) >> 8)}.${String(networks & 255)}.7`,
    userAgent,
  });
  const newName = () => `throttled_${String((people += 1))}`;

  /** The answer's code, and the refusal when there is one. */
  async function attempt(identifier: string, password: string, from: RunOptions): Promise<string> {
    try {
      const answer = await client.login({ identifier, password }, from);
      return answer.code ?? answer.__typename;
    } catch (error) {
      if (error instanceof AppError) return error.code;
      throw error;
    }
  }
  async function exhaust(identifier: string): Promise<void> {
    for (let guess = 0; guess < passwordAttempts.free; guess += 1) {
      await expect(attempt(identifier, 'wrong password', newPlace())).resolves.toBe('INVALID_CREDENTIALS');
    }
    await expect(attempt(identifier, 'wrong password', newPlace())).resolves.toBe('RATE_LIMITED');
  }
  const refusalOf = async (identifier: string) => client.login({ identifier }, newPlace()).catch((error: unknown) => error);

  it('SECURITY 11: let strangers guess ten times from wherever they are, then refuse a right password as well', async () => {
    const home = newPlace('Home');
    const { user } = await client.mustRegister({ username: newName() }, home);
    await exhaust(user.username);
    await expect(attempt(user.username, goodPassword, newPlace())).resolves.toBe('RATE_LIMITED');
  });

  it('SECURITY 11: answer alike for an account that is there and one that is not, and say when to come again', async () => {
    const { user } = await client.mustRegister({ username: newName() }, newPlace());
    const nobody = newName();
    await exhaust(user.username);
    await exhaust(nobody);
    const [known, unknown] = [await refusalOf(user.username), await refusalOf(nobody)];
    for (const refusal of [known, unknown]) {
      expect(refusal).toBeInstanceOf(AppError);
      expect(refusal).toMatchObject({ code: 'RATE_LIMITED', retryAfter: expect.any(Number) });
    }
    expect(known).toMatchObject({ message: (unknown as AppError).message });
  });

  it('SECURITY 11: let a device in that its owner has used, however hard strangers guess, and not before it has been used', async () => {
    const home = newPlace('Home');
    const { user } = await client.mustRegister({ username: newName(), email: `${newName()}@example.org` }, home);
    const phone = newPlace('Phone');
    await client.mustLogin({ identifier: user.username }, phone);
    await exhaust(user.username);
    for (const place of [home, phone]) await expect(attempt(user.username, goodPassword, place)).resolves.toBe('AuthPayload');
    // The network alone is not enough, and neither is the name.
    await expect(attempt(user.username, goodPassword, { ...home, userAgent: 'Neighbour' })).resolves.toBe('RATE_LIMITED');
    await expect(attempt(user.username, goodPassword, { ...newPlace(), userAgent: 'Home' })).resolves.toBe('RATE_LIMITED');
    // And strangers have won nothing by it.
    await expect(attempt(user.username, 'wrong password', newPlace())).resolves.toBe('RATE_LIMITED');
  });

  it('SECURITY 10: tell nobody who claims an address whether its owner is here, and forgive no guesses at them', async () => {
    const { email: known } = await createRecoveryClient(harness).newVerifiedPerson();
    const seen = [];
    for (const email of [known, `${newName()}@example.org`]) {
      const home = newPlace('Claimant');
      const password = 'the horse of another claimant';
      const claimant = await client.mustRegister({ username: newName(), email, password }, home);
      const answers = [];
      for (let guess = 0; guess < passwordAttempts.free - 1; guess += 1) {
        answers.push(await attempt(email, 'wrong password', newPlace()));
        if (guess % 4 === 0) answers.push((await client.mustLogin({ identifier: email, password }, home)).user.id === claimant.user.id);
      }
      answers.push(await attempt(email, 'wrong password', newPlace()), await attempt(email, 'wrong password', newPlace()));
      answers.push(await attempt(email, password, home), await attempt(claimant.user.username, password, home));
      seen.push(answers);
    }
    expect(seen[0]).toEqual(seen[1]);
    expect(seen[0]?.slice(-3)).toEqual(['RATE_LIMITED', 'RATE_LIMITED', 'AuthPayload']);
    expect(seen[0]).not.toContain(false);
  });

  describe('SECURITY 11: count guesses by name and by address as guesses at one account', () => {
    const newOwner = async () => {
      const [home, email] = [newPlace('Home'), `${newName()}@example.org`];
      const { user } = await client.mustRegister({ username: newName(), email }, home);
      const { verifyEmail, tokenTo } = recovery;
      await verifyEmail(await tokenTo(email, 'Confirm'));
      return { email, username: user.username, home };
    };
    async function guessAt(identifiers: readonly string[], guesses: number): Promise<void> {
      for (let guess = 0; guess < guesses; guess += 1) {
        const identifier = identifiers[guess % identifiers.length] ?? '';
        await expect(attempt(identifier, 'wrong password', newPlace())).resolves.toBe('INVALID_CREDENTIALS');
      }
    }

    it('after ten the right password opens nothing to strangers, neither way, and still to a device that its owner has used', async () => {
      const { email, username, home } = await newOwner();
      await guessAt([username, email], passwordAttempts.free);
      for (const identifier of [username, email]) {
        await expect(attempt(identifier, goodPassword, newPlace())).resolves.toBe('INVALID_CREDENTIALS');
        await expect(attempt(identifier, goodPassword, home)).resolves.toBe('AuthPayload');
        // And strangers have won nothing by that.
        await expect(attempt(identifier, goodPassword, newPlace())).resolves.toBe('INVALID_CREDENTIALS');
      }
    });

    it('after nine it does, which forgets them all', async () => {
      const { email, username } = await newOwner();
      for (let round = 0; round < 2; round += 1) {
        await guessAt([username, email], passwordAttempts.free - 1 - round * 5);
        await expect(attempt(email, goodPassword, newPlace())).resolves.toBe('AuthPayload');
      }
    });

    it('also when a hundred come at once', async () => {
      const { email, username } = await newOwner();
      await Promise.all(
        Array.from({ length: 100 }, (_, index) => attempt(index % 2 === 0 ? username : email, 'wrong password', newPlace())),
      );
      await expect(attempt(username, goodPassword, newPlace())).resolves.not.toBe('AuthPayload');
    });

    it('SECURITY 10: and answer alike whether name and address are those of one account, of two, or of none', async () => {
      const [one, other, another] = [await newOwner(), await newOwner(), await newOwner()];
      const pairs = [
        [one.username, one.email],
        [other.username, another.email],
        [newName(), `${newName()}@example.org`],
      ] as const;
      const seen = [];
      for (const [username, email] of pairs) {
        const answers = [];
        for (const identifier of [username, email]) {
          for (let guess = 0; guess < passwordAttempts.free + 2; guess += 1)
            answers.push(await attempt(identifier, 'wrong password', newPlace()));
        }
        seen.push(answers);
      }
      expect(seen[1]).toEqual(seen[0]);
      expect(seen[2]).toEqual(seen[0]);
      expect(seen[0]?.filter((answer) => answer === 'INVALID_CREDENTIALS')).toHaveLength(2 * passwordAttempts.free);
    });

    it('and hold a known device to ten of its own', async () => {
      const { email, username, home } = await newOwner();
      await guessAt([username, email], passwordAttempts.free);
      for (let guess = 0; guess < passwordAttempts.free; guess += 1)
        await attempt(guess % 2 === 0 ? username : email, 'wrong password', home);
      await expect(attempt(email, goodPassword, home)).resolves.toBe('INVALID_CREDENTIALS');
    });
  });

  it('SECURITY 11: know a browser again after its update', async () => {
    const browser = newPlace('Browser/120.0.1 (Desk)');
    const { user } = await client.mustRegister({ username: newName() }, browser);
    await exhaust(user.username);
    await expect(attempt(user.username, goodPassword, { ...browser, userAgent: 'Browser/121.0 (Desk)' })).resolves.toBe('AuthPayload');
    await expect(attempt(user.username, goodPassword, { ...browser, userAgent: 'Other/121.0 (Desk)' })).resolves.toBe('RATE_LIMITED');
  });

  it('SECURITY 11: let nobody guess without end from a known device either', async () => {
    const home = newPlace('Home');
    const { user } = await client.mustRegister({ username: newName() }, home);
    const answers: string[] = [];
    for (let guess = 0; guess < 2 * passwordAttempts.free + 1; guess += 1)
      answers.push(await attempt(user.username, 'wrong password', home));
    expect(answers.slice(0, -1)).toEqual(Array.from({ length: 2 * passwordAttempts.free }, () => 'INVALID_CREDENTIALS'));
    expect(answers.at(-1)).toBe('RATE_LIMITED');
  });

  it('SECURITY 11: forget the wrong guesses after a right one', async () => {
    const { user } = await client.mustRegister({ username: newName() }, newPlace());
    for (let round = 0; round < 3; round += 1) {
      for (let guess = 1; guess < passwordAttempts.free; guess += 1) await attempt(user.username, 'wrong password', newPlace());
      await expect(attempt(user.username, goodPassword, newPlace())).resolves.toBe('AuthPayload');
    }
  });

  it('SECURITY 11: count a name without regard to case and blanks, and hold a hundred guesses at once to ten', async () => {
    const { user } = await client.mustRegister({ username: newName() }, newPlace());
    const spellings = [user.username, user.username.toUpperCase(), ` ${user.username} `];
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => attempt(spellings[index % 3] ?? '', 'wrong password', newPlace())),
    );
    expect(answers.filter((answer) => answer !== 'RATE_LIMITED')).toHaveLength(passwordAttempts.free);
  });

  it('let a hundred sign-ins with the right password through at once from one place', async () => {
    const { user } = await client.mustRegister({ username: newName() }, newPlace());
    const here = newPlace();
    const answers = await Promise.all(Array.from({ length: 100 }, () => attempt(user.username, goodPassword, here)));
    expect(new Set(answers)).toEqual(new Set(['AuthPayload']));
  });

  it('SECURITY 11: refuse before any password is hashed', async () => {
    const home = newPlace();
    const { user } = await client.mustRegister({ username: newName() }, home);
    await exhaust(user.username);
    // A check against this takes many times as long as one of the others, as that of the owner's own device shows, which is let through.
    const secret = `$argon2id$v=19$m=131072,t=3,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;
    await harness.prisma.credential.updateMany({ where: { accountId: user.id }, data: { secret } });
    const started = performance.now();
    for (let guess = 0; guess < 10; guess += 1)
      await expect(attempt(user.username, 'wrong password', newPlace())).resolves.toBe('RATE_LIMITED');
    const refused = performance.now();
    await expect(attempt(user.username, 'wrong password', home)).resolves.toBe('INVALID_CREDENTIALS');
    expect(refused - started).toBeLessThan(performance.now() - refused);
  });

  it('SECURITY 11: hold a network to a hundred wrong passwords a minute over all accounts, and count no right one', async () => {
    const here = newPlace('Here');
    const { user } = await client.mustRegister({ username: newName() }, here);
    const points = defaultNetworkRates['wrong passwords'];
    const from = (index: number) => ({ ...here, clientIp: here.clientIp?.replace(/7$/, String(index % 250)) ?? '' });
    for (let login = 0; login < 5; login += 1) await client.mustLogin({ identifier: user.username }, { ...here, userAgent: 'Other' });
    const answers = await Promise.all(Array.from({ length: points }, (_, index) => attempt(newName(), 'wrong password', from(index))));
    expect(answers.filter((answer) => answer === 'RATE_LIMITED')).toHaveLength(0);
    await expect(attempt(newName(), 'wrong password', from(1))).resolves.toBe('RATE_LIMITED');
    // Who is at home here still gets in.
    await expect(attempt(user.username, goodPassword, here)).resolves.toBe('AuthPayload');
    await expect(attempt(newName(), 'wrong password', newPlace())).resolves.toBe('INVALID_CREDENTIALS');
  });

  it('let fifty people register at once from one network, as in a school', async () => {
    const here = newPlace();
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.register({ username: newName() }, here)));
    expect(new Set(answers.map(({ __typename }) => __typename))).toEqual(new Set(['AuthPayload']));
  });

  it('SECURITY 11: hold a network to a number of registrations and refreshes', async () => {
    const here = newPlace();
    // Refused as input, which costs no hash, and counts all the same.
    const register = () => client.register({ username: '1' }, here);
    for (let time = 0; time < defaultNetworkRates.registrations; time += 1) await register();
    await expect(register()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await expect(client.register({ username: '1' }, newPlace())).resolves.toMatchObject({ __typename: 'InvalidInputError' });

    const refresh = () => harness.run(`mutation { refreshSession(input: { refreshToken: "x" }) { __typename } }`, here);
    for (let time = 0; time < defaultNetworkRates.refreshes; time += 1) await refresh();
    const { errors } = await refresh();
    expect(errors?.[0]?.originalError).toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('SECURITY 11: let a stolen session guess at the password as little as a stranger', async () => {
    const { accessToken } = await client.mustRegister({ username: newName() }, newPlace());
    const change = async (currentPassword: string) => {
      const { data, errors } = await harness.run(
        `mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename } }`,
        { token: accessToken, variables: { input: { currentPassword, newPassword: 'another good passphrase' } }, ...newPlace() },
      );
      return errors?.[0]?.originalError instanceof AppError ? errors[0].originalError.code : JSON.stringify(data);
    };
    for (let guess = 0; guess < passwordAttempts.free; guess += 1) {
      await expect(change('wrong password')).resolves.toContain('InvalidCredentialsError');
    }
    await expect(change(goodPassword)).resolves.toBe('RATE_LIMITED');
  });

  it('keep of a device no address and no name', async () => {
    const home = newPlace('A telling name');
    const { user } = await client.mustRegister({ username: newName() }, home);
    const rows = await harness.prisma.knownDevice.findMany({ where: { accountId: user.id } });
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toMatch(/198\.|telling/);
    expect(rows[0]?.hash).toHaveLength(43);
  });
});
