import { createServer } from 'node:http';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../../shared/logging/logger.js';
import { createBreachCheck, type BreachCheckPolicy } from './breach-check.js';
import { createPasswordPolicy } from './password-policy.js';

const policy = createPasswordPolicy();
const ada = { username: 'Ada_Lovelace', email: 'countess@example.org' };
const codeOf = async (password: string) => (await policy.findProblem(password, ada))?.code ?? null;
const logger = createLogger({ name: 'test', level: 'silent' });

describe('the rules of passwords', () => {
  it.each([
    ['7 characters', 'xk!42vT', 'TOO_SHORT'],
    ['8 characters that NFKC makes 7', 'xk!42v\u0041\u030A', 'TOO_SHORT'],
    ['8 characters', 'xk!42vTq', null],
    ['8 emoji', '🚀🪐🛸🌌🌠☄️🔭', null],
    ['128 characters', 'kX'.repeat(63) + '?!', null],
    ['129 characters', 'kX'.repeat(63) + '?!.', 'TOO_LONG'],
    ['42 ligatures that NFKC makes 126', 'ﬃ'.repeat(42) + 'xy', null],
    ['43 ligatures that NFKC makes 129', 'ﬃ'.repeat(43), 'TOO_LONG'],
    ['blanks only at its ends', '  seven  words ', null],
    ['letters only', 'correcthorsebatterystaple', null],
    ['digits only', '4815162342108', null],
    ['another script', 'пустыня ночью холодна', null],
  ])('SECURITY 1: %s', async (_name, password, code) => {
    await expect(codeOf(password)).resolves.toBe(code);
  });

  it.each([
    ...['password', 'PASSWORD', 'Ｐａｓｓｗｏｒｄ', 'iloveyou', 'qwertyuiop', '1qaz2wsx', 'trustno1', 'p@ssw0rd', 'mustang1', 'blink182'],
    ...['12345678', '87654321', 'abcdefgh', 'hgfedcba', 'zzzzzzzz', '12341234', 'passwordpassword', 'abcabcabc', '🚀'.repeat(8)],
    ...['monkey123', '123monkey', '!!monkey!!', 'Dragon2026!', 'iloveyou123456789', 'football1234'],
    ...['ada_lovelace', 'ADA_LOVELACE1', 'ada_lovelace2026!', 'countess@example.org', 'countess', 'Countess99', 'galaxia1', 'Galaxia!!'],
  ])('SECURITY 2: refuses %s', async (password) => {
    await expect(codeOf(password)).resolves.toBe('TOO_COMMON');
  });

  it.each([
    'monkey 48151623',
    '71 dragons dance',
    'my countess is fine',
    'galaxia is where I live',
    'zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz',
    'a1b2c3d4x9',
  ])('SECURITY 2: takes %s', async (password) => {
    await expect(codeOf(password)).resolves.toBeNull();
  });

  it('SECURITY 2: reads its list when it is first asked, once, and has tens of thousands of them', async () => {
    const { createCommonPasswords } = await import('./common-passwords.js');
    const load = createCommonPasswords();
    const list = await load();
    expect(await load()).toBe(list);
    expect([...(list as Set<string>)].length).toBeGreaterThan(40_000);
  });
});

describe('SECURITY 2: passwords known from breaches', () => {
  async function ask(options: { status?: number; body?: (rest: string) => string; whenDown: BreachCheckPolicy; down?: boolean }) {
    const password = 'seven moons of Jupiter';
    const hash = createHash('sha1').update(password).digest('hex').toUpperCase();
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(options.status ?? 200).end(options.body?.(hash.slice(5)) ?? '');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    if (options.down === true) server.close();
    const breachCheck = createBreachCheck({ url: `http://127.0.0.1:${String(address.port)}/range`, whenDown: options.whenDown, logger });
    try {
      const outcome = await createPasswordPolicy({ breachCheck })
        .findProblem(password, ada)
        .then(
          (problem) => problem?.code ?? null,
          (error: unknown) => error,
        );
      return { outcome, asked, hash };
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }
  const other = '0018A45C4D1DEF81644B54AB7F969B88D65:3';

  it('refuses one that is in the range, and shows no more than five digits of its hash', async () => {
    const { outcome, asked, hash } = await ask({ whenDown: 'accept', body: (rest) => `${other}\r\n${rest}:12\r\n` });
    expect(outcome).toBe('BREACHED');
    expect(asked).toEqual([`/range/${hash.slice(0, 5)}`]);
  });

  it('takes one that is not, and one that is there as padding', async () => {
    for (const body of [() => other, (rest: string) => `${other}\r\n${rest}:0`]) {
      await expect(ask({ whenDown: 'refuse', body })).resolves.toMatchObject({ outcome: null });
    }
  });

  it.each([{ down: true }, { status: 503 }])('takes or refuses by the configuration while the service is down: %j', async (failure) => {
    await expect(ask({ whenDown: 'accept', ...failure })).resolves.toMatchObject({ outcome: null });
    const { outcome } = await ask({ whenDown: 'refuse', ...failure });
    expect(outcome).toMatchObject({ code: 'UNAVAILABLE', retryAfter: 30 });
  });
});
