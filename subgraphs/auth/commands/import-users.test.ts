import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createImportRepository } from '../data/import-repository.js';
import { argon2Parameters } from '../services/passwords/password-hasher.js';
import { createUserImport, type UserImport } from '../services/import/user-import.js';
import { deriveKey } from '../services/keys/derive-key.js';
import { createUsernameHolds, usernameHoldMs } from '../services/usernames/username-holds.js';
import { ask, operations } from '../tests/ask.js';
import { encryptionKey, startAuth, type AuthHarness } from '../tests/auth-harness.js';
import { createAuthClient } from '../tests/auth-client.js';
import { testDatabases, type OpenedDatabase } from '../../../tests/testkit/services/databases.js';
import { importUsers, readImportRequest } from './import-command.js';
import { createProgress } from './progress.js';

const databases = await testDatabases();
/** `password`, as the old auth service kept it. */
const oldHash =
  '632c2812e46d4604102ba7618e9d6d7d2f8128f6266b4a03264d2a0460b7dcb388b3b1131f741bcbeb02541c8c2e97bd8bed62ab6425542e45512b7312f440eb';
const bcryptHash = '$2b$08$CdMUQwixR3OxsMNhlr0A4.lDRyqJoDL6RpOcCB0bJtkpHnSJ0A.F.';
const bcryptPassword = 'Grüße, Galaxia';
const header = 'username,email,password_hash,created_at,legacy_id';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxia-import-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe.each(databases)('importing users on $name', ({ open }) => {
  let opened: OpenedDatabase;
  let harness: AuthHarness;
  let users: UserImport;
  let files = 0;
  let lines: string[] = [];
  let abort = new AbortController();

  beforeAll(async () => {
    opened = await open();
    harness = await startAuth(opened.database, { passwordCost: argon2Parameters });
    users = createUserImport({
      repository: createImportRepository(harness.prisma),
      holds: createUsernameHolds(deriveKey(encryptionKey, 'username holds')),
      batchSize: 3,
      now: () => harness.now(),
      parameters: { ...argon2Parameters, memoryCost: 1024 },
    });
  });
  afterAll(async () => {
    await harness.close();
    await opened.close();
  });
  beforeEach(() => {
    abort = new AbortController();
    lines = [];
  });

  const output = { isTTY: false, write: (text: string) => lines.push(text) > 0 };
  async function run(content: string, options: { name?: string; dryRun?: boolean; import?: UserImport } = {}) {
    const name = options.name ?? `users-${String((files += 1))}.csv`;
    writeFileSync(join(folder, name), content);
    const request = readImportRequest([name, ...(options.dryRun === true ? ['--dry-run'] : [])], folder);
    if (request === null) throw new Error('no request');
    const summary = await importUsers(request, { users: options.import ?? users, output, signal: abort.signal });
    const report = existsSync(request.report) ? readFileSync(request.report, 'utf8').trim() : '';
    const refused = report === '' ? [] : report.split('\n').map((line) => JSON.parse(line) as { line: number; reasons: string[] });
    return { summary, refused, report: request.report };
  }
  const find = (username: string) =>
    harness.prisma.account.findUnique({ where: { usernameLower: username.toLowerCase() }, include: { credentials: true } });
  const csv = (...rows: string[]) => `${[header, ...rows].join('\n')}\n`;

  it('refuses a name that somebody gave up, whatever its capitals, until nobody has it on hold any more', async () => {
    const client = createAuthClient(harness);
    const rename = async (from: string, to: string) => {
      const { accessToken: token } = await client.mustRegister({ username: from });
      await ask(harness, operations.changeUsername, { input: { username: to } }, { token });
    };
    await rename('Given_up', 'given_new');
    const file = csv(`GIVEN_UP,,${bcryptHash},,`, `given_other,,${bcryptHash},,`);
    const reasons = [expect.stringMatching(/^The username "GIVEN_UP" is kept for who gave it up, until /)];
    await expect(run(file, { dryRun: true })).resolves.toMatchObject({
      summary: expect.stringContaining('Would import 1, would refuse 1.'),
      refused: [{ line: 2, reasons }],
    });
    await expect(run(file)).resolves.toMatchObject({
      summary: expect.stringContaining('Imported 1, refused 1.'),
      refused: [{ line: 2, reasons }],
    });
    expect(await find('given_up')).toBeNull();
    harness.advance(usernameHoldMs - 1);
    await expect(run(csv(`Given_Up,,${bcryptHash},,`))).resolves.toMatchObject({ refused: [{ reasons: [expect.any(String)] }] });
    harness.advance(1);
    await expect(run(csv(`given_uP,,${bcryptHash},,`))).resolves.toMatchObject({ summary: 'Imported 1, refused 0.' });
  });

  it('refuses a name that is given up at the same moment', async () => {
    const client = createAuthClient(harness);
    for (let round = 0; round < 5; round += 1) {
      const [old, next] = [`moment_${String(round)}`, `moment_new_${String(round)}`];
      const { accessToken: token } = await client.mustRegister({ username: old });
      const [, imported] = await Promise.all([
        ask(harness, operations.changeUsername, { input: { username: next } }, { token }),
        run(csv(`${old},,${bcryptHash},,`)),
      ]);
      expect(imported.refused).toHaveLength(1);
      expect(await find(old)).toBeNull();
    }
  });

  it('takes users with everything they bring, who then sign in, are announced and stand in the audit log', async () => {
    const { summary } = await run(csv(`Legacy_Ada,ada@old.example,${bcryptHash},2019-05-31 12:00:00,4711`, `Legacy_Bob,,${oldHash},,`));
    expect(summary).toBe('Imported 2, refused 0.');
    const [ada, bob] = [await find('legacy_ada'), await find('legacy_bob')];
    expect(ada).toMatchObject({
      username: 'Legacy_Ada',
      email: 'ada@old.example',
      emailVerifiedAt: null,
      legacyId: 4711,
      roles: ['USER'],
      createdAt: new Date('2019-05-31T12:00:00Z'),
    });
    expect(bob?.legacyId).toBe(4712);
    await harness.untilPublished((events) => events.some(({ type, key }) => type === 'user.registered' && key === bob?.id));
    expect(harness.events.find(({ key }) => key === ada?.id)).toMatchObject({
      type: 'user.registered',
      payload: { userId: ada?.id, username: 'Legacy_Ada', createdAt: '2019-05-31T12:00:00.000Z', legacyId: 4711 },
    });
    await expect(harness.prisma.auditEvent.findMany({ where: { accountId: ada?.id ?? '' } })).resolves.toMatchObject([
      { action: 'IMPORTED' },
    ]);

    const client = createAuthClient(harness);
    await expect(client.login({ identifier: 'legacy_ada', password: 'password' })).resolves.toMatchObject({ code: 'INVALID_CREDENTIALS' });
    await client.mustLogin({ identifier: 'legacy_ada', password: bcryptPassword });
    await client.mustLogin({ identifier: 'legacy_bob', password: 'password' });
    for (const name of ['legacy_ada', 'legacy_bob']) {
      expect((await find(name))?.credentials[0]?.secret).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    }
    const newcomer = await client.mustRegister({ username: 'after_import' });
    expect((await find('after_import'))?.legacyId).toBe(4713);
    expect(newcomer.user.username).toBe('after_import');
  });

  it('SECURITY 4: keeps no weak hash', async () => {
    await run(csv(`weak_one,,${oldHash},,`));
    const secret = (await find('weak_one'))?.credentials[0]?.secret ?? '';
    expect(secret).toMatch(/^wrapped:pbkdf2-of-old-auth\$argon2id\$/);
    expect(secret).not.toContain(oldHash.slice(0, 16));
  });

  it('refuses rows with their lines and reasons, never their hashes, and takes the others', async () => {
    const { summary, refused, report } = await run(
      csv(
        `good_one,,${bcryptHash},,`,
        `,,${bcryptHash},,`,
        `admin,not an address,$2b$16$${'A'.repeat(53)},2019-13-01,0`,
        `GOOD_ONE,,${bcryptHash},,`,
        `too,many,${bcryptHash},,,columns`,
        `no_hash,,,,`,
        `Legacy_Ada,,${bcryptHash},,`,
        `number_taken,,${bcryptHash},,4711`,
        `from_the_future,,${bcryptHash},2999-01-01,`,
        `"good ""two""",,${bcryptHash},,`,
        `good_two,,${bcryptHash},2020-02-02T02:02:02.123456+02:00,`,
      ),
    );
    expect(summary).toContain('Imported 2, refused 9.');
    expect(refused.map(({ line, reasons }) => [line, reasons.length])).toEqual([
      [3, 1],
      [4, 5],
      [5, 1],
      [6, 1],
      [7, 1],
      [8, 1],
      [9, 1],
      [10, 1],
      [11, 1],
    ]);
    expect(refused.find(({ line }) => line === 8)?.reasons).toEqual(['The username "Legacy_Ada" is taken.']);
    expect(readFileSync(report, 'utf8')).not.toContain(bcryptHash.slice(8));
    expect((await find('good_two'))?.createdAt).toEqual(new Date('2020-02-02T00:02:02.123Z'));
    await expect(find('no_hash')).resolves.toBeNull();
  });

  it('takes JSON lines, and refuses what is none of its business', async () => {
    const row = { username: 'json_one', email: null, password_hash: bcryptHash, legacy_id: 9001 };
    const { summary, refused } = await run(
      [
        '\uFEFF' + JSON.stringify(row),
        '',
        '{',
        '[]',
        JSON.stringify({ ...row, password: 'x' }),
        '{"username":{"a":1}}',
        '{"__proto__":"x"}',
      ].join('\r\n'),
      { name: 'users.jsonl' },
    );
    expect(summary).toContain('Imported 1, refused 5.');
    expect(refused.map(({ line }) => line)).toEqual([3, 4, 5, 6, 7]);
    expect((await find('json_one'))?.legacyId).toBe(9001);
  });

  it('changes nothing in a dry run, and says what a real one says', async () => {
    const content = csv(
      `dry_one,,${bcryptHash},,`,
      `DRY_ONE,,${oldHash},,`,
      `Legacy_Ada,,${bcryptHash},,`,
      `dry_two,,nonsense,,`,
      `dry_three,,${oldHash},,`,
    );
    const before = await harness.prisma.account.count();
    const dry = await run(content, { dryRun: true });
    expect(dry.summary).toContain('Would import 2, would refuse 3.');
    await expect(harness.prisma.account.count()).resolves.toBe(before);
    const real = await run(content);
    expect(real.refused.map(({ line }) => line)).toEqual(dry.refused.map(({ line }) => line));
  });

  it('goes on where it was stopped, once each, and is done when it is done', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `resumed_${String(index)}`);
    const content = csv(...names.map((name) => `${name},,${name === 'resumed_1' ? 'bad' : bcryptHash},,`));
    abort.abort();
    const first = await run(content, { name: 'resumed.csv' });
    expect(first.summary).toContain('Stopped after 3 of 10 rows; run it again to go on.');
    abort = new AbortController();
    const second = await run(content, { name: 'resumed.csv' });
    expect(second.summary).toContain('Imported 7, refused 0.');
    expect(second.refused.map(({ line }) => line)).toEqual([3]);
    await expect(harness.prisma.account.count({ where: { username: { in: names } } })).resolves.toBe(9);
    const third = await run(content, { name: 'resumed.csv' });
    expect(third.summary).toBe('All 10 rows of this file have been imported already.');
    const events = await harness.prisma.outboxEvent.count({ where: { payload: { path: ['username'], string_starts_with: 'resumed_' } } });
    expect(events).toBe(9);
  });

  it('lets one of two imports of the same file win each batch', async () => {
    const content = csv(...Array.from({ length: 30 }, (_, index) => `both_${String(index)},,${bcryptHash},,`));
    const outcomes = await Promise.allSettled([run(content, { name: 'both.csv' }), run(content, { name: 'both.csv' })]);
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    for (const failure of failures) expect(failure).toMatchObject({ name: 'ConcurrentImportError' });
    await expect(harness.prisma.account.count({ where: { username: { startsWith: 'both_' } } })).resolves.toBe(30);
  });

  it.each([
    ['an empty file', ''],
    ['an unknown column', `${header},password\n`],
    ['a missing column', 'username,email\n'],
    ['a column twice', 'username,password_hash,username\n'],
    ['a quotation mark that never ends', `${csv(`fine_one,,${bcryptHash},,`)}"bad,,${'x,,,,\n'.repeat(30_000)}`],
  ])('writes nothing at all for %s', async (_name, content) => {
    await expect(run(content)).rejects.toMatchObject({ name: 'UnreadableFileError' });
    await expect(find('fine_one')).resolves.toBeNull();
  });
});

describe('the arguments of the import', () => {
  it.each([[[]], [['a.csv', 'b.csv']], [['there-is-none.csv']], [['users.xml']], [['--force', 'a.csv']], [['--report']]])(
    'refuses %j with words',
    (given) => {
      expect(() => readImportRequest(given, folder)).toThrow(expect.objectContaining({ name: 'UsageError' }));
    },
  );

  it('answers a wish for help', () => {
    expect(readImportRequest(['--help'], folder)).toBeNull();
  });
});

describe('the progress of the import', () => {
  function watch(isTTY: boolean) {
    const written: string[] = [];
    let time = 0;
    const stream = { isTTY, write: (text: string) => written.push(text) > 0 };
    const progress = createProgress({ total: 1000, from: 0, stream, now: () => time });
    for (let rows = 100; rows <= 1000; rows += 100) {
      time += 1000;
      progress.show({ rows, imported: rows, refused: 0 });
    }
    progress.end();
    return written;
  }

  it('is a bar that is drawn over on a terminal', () => {
    const written = watch(true);
    expect(written).toHaveLength(11);
    expect(written[4]).toBe(`\r${'█'.repeat(15)}${'░'.repeat(15)}  50 % 500 of 1,000 rows, 0 refused, 100/s, 0:05 left\u001b[K`);
    expect(written.at(-1)).toBe('\n');
  });

  it('is a plain line now and then elsewhere', () => {
    expect(watch(false)).toEqual([
      ' 50 % 500 of 1,000 rows, 0 refused, 100/s, 0:05 left\n',
      '100 % 1,000 of 1,000 rows, 0 refused, 100/s, 0:00 left\n',
    ]);
  });
});
