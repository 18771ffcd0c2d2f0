import { describe, expect, it } from '@jest/globals';
import { createImportedHashes, toStoredHash } from './imported-hash.js';
import { costCeilings } from './legacy-hash.js';
import { argon2Parameters } from './password-hasher.js';

/** The least that argon2 takes: these tests are about formats. */
const cheap = { ...argon2Parameters, memoryCost: 1024, timeCost: 2 };
const password = 'Grüße, Galaxia';
const salt22 = 'c2FsdHNhbHRzYWx0c2FsdA';
const hash43 = 'WdbWaCZmzFSgiYAMYcv/fPwcRSlvz0tteZA+U5I1Ufk';
const hex64 = '1823d885aa0b32be7ae80091e8f359df580e90ae346e239c62ee6f3b37664b7f';

/** Written by Werkzeug 3.1, py-bcrypt 5.0, argon2-cffi 25.1, passlib 1.7 and Python's hashlib, each for `password`. */
const strong = {
  'Werkzeug pbkdf2:sha256': `pbkdf2:sha256:1000000$t1GtiB1dQj9sTxyz$${hex64}`,
  'Werkzeug pbkdf2:sha1': 'pbkdf2:sha1:150000$UjmRXiP6iIcSolTa$29080dc896f21953e3995d1da2dd5b1af74a0b8e',
  'Werkzeug scrypt':
    'scrypt:32768:8:1$aUGY4p6Z0ftFRggQ$84a5cc96880d3a5b9b379959252bdea0d36b6b198c6ec609702fc5e530da98eb27168118559beb0213a7af6fe6cf87fe69b8e315dbd0a14b8046f1def527caa5',
  'PHC scrypt': '$scrypt$ln=14,r=8,p=1$VQoBoLQ25jzH2HtPqTVGiA$5h3Y4Vt76Own7PezocigkTaRcIl15YQGwYxOv/iQTvc',
  'bcrypt 2a': '$2a$08$7o2ePHjfi7yP/rGT4eGALOD2OXoesAl9U853BSaMdr3roXKO4qRt6',
  'bcrypt 2b': '$2b$08$CdMUQwixR3OxsMNhlr0A4.lDRyqJoDL6RpOcCB0bJtkpHnSJ0A.F.',
  'bcrypt 2y': '$2y$08$CdMUQwixR3OxsMNhlr0A4.lDRyqJoDL6RpOcCB0bJtkpHnSJ0A.F.',
  argon2id: `$argon2id$v=19$m=8192,t=2,p=2$${salt22}$${hash43}`,
  'argon2id 1.0': `$argon2id$v=16$m=8192,t=2,p=2$${salt22}$cYK3kG9YavXcyzOuQEqRUppY2bqNJ4x4VHCckxyPi9M`,
  argon2i: `$argon2i$v=19$m=8192,t=2,p=2$${salt22}$ce+Z+39lgQ5ntJzgx9KmOmO/2CFHz2q3zP5dCFpuaF0`,
  'argon2d 1.0': `$argon2d$v=16$m=8192,t=2,p=2$${salt22}$dAKj7Iu5fwO4Dp8xN9biz40JXBnjBXzFHyu6KNVeqzA`,
};
const weak = {
  'the old auth service':
    '394a0793d72a3230434153bbaa9440560d3d6140662222a1e907b60953ea41bc5a224504a5b3cf5f48f20457a9b92eac67886557c5ec44f90e7950c4b8a16642',
  'Werkzeug pbkdf2 of few rounds': 'pbkdf2:sha256:1000$YlSKk2ueDFIvDSQ4$8dc9b1f3ef87ac667a7b958df1107ccf4eae7f568eedd21d00a07d1a3757e4e9',
  'Werkzeug scrypt of little memory':
    'scrypt:4096:8:1$7iIGZ1UbyFvTo4MD$b59918c81f442da0f7dd62d0c3e62bf2dd107b00404200366134c69e842efac2d132bc72bc2a707ff53c2c2f172985a9e5111c90f1a2e6633bb136df0de3625d',
  'bcrypt of few rounds': '$2b$04$X3Q2cooo/Vpr3Db3AFDW7e303zKohObDFEovSSMRJVRvlIE7Lkj3q',
};

async function stored(text: string): Promise<string> {
  const outcome = await toStoredHash(text, cheap);
  if (outcome.kind === 'refused') throw new Error(outcome.reason);
  return outcome.hash;
}

async function verify(hash: string, given: string): Promise<boolean> {
  const check = createImportedHashes().read(hash);
  if (check?.kind !== 'imported') throw new Error('it is not read as imported');
  return check.verify(given);
}

describe('hashes of other systems', () => {
  it.each(Object.entries({ ...strong, ...weak }))('SECURITY 4: %s: only the password itself is right', async (_name, text) => {
    const hash = await stored(text);
    for (const wrong of ['', 'Grüße, Galaxi', 'Grüße, Galaxia ', 'Gru\u0308ße, Galaxia']) {
      await expect(verify(hash, wrong)).resolves.toBe(false);
    }
    await expect(verify(hash, password)).resolves.toBe(true);
  });

  it('SECURITY 4: takes the hash of `password` that the old auth service wrote', async () => {
    const hash = await stored(
      '632c2812e46d4604102ba7618e9d6d7d2f8128f6266b4a03264d2a0460b7dcb388b3b1131f741bcbeb02541c8c2e97bd8bed62ab6425542e45512b7312f440eb',
    );
    await expect(verify(hash, 'password')).resolves.toBe(true);
  });

  it.each(Object.entries(weak))('SECURITY 4: %s: the weak digest rests nowhere', async (_name, text) => {
    const digest = text.startsWith('$2') ? text.slice(-31) : text.slice(text.lastIndexOf('$') + 1);
    const hash = await stored(text);
    expect(hash).toContain('$argon2id$v=19$m=1024,t=2,p=1$');
    expect(hash).not.toContain(digest.slice(0, 12));
  });

  const { argon2, bcrypt, pbkdf2, scrypt } = costCeilings;
  const ofArgon2 = (memory: number, passes: number, lanes: number) =>
    `$argon2id$v=19$m=${String(memory)},t=${String(passes)},p=${String(lanes)}$${salt22}$${hash43}`;
  const ofScrypt = (logN: number, r: number, p: number) => `$scrypt$ln=${String(logN)},r=${String(r)},p=${String(p)}$${salt22}$${hash43}`;
  const ofBcrypt = (rounds: number) => `$2b$${String(rounds)}$CdMUQwixR3OxsMNhlr0A4.lDRyqJoDL6RpOcCB0bJtkpHnSJ0A.F.`;
  const ofPbkdf2 = (rounds: number) => `pbkdf2:sha256:${String(rounds)}$t1GtiB1dQj9sTxyz$${hex64}`;

  it.each([
    ofArgon2(argon2.memoryKiB, argon2.passes, argon2.lanes),
    ofBcrypt(bcrypt.rounds),
    ofPbkdf2(pbkdf2.iterations),
    ofScrypt(scrypt.logN, 8, 8),
    `scrypt:131072:8:8$salt$${hex64}`,
  ])('SECURITY 4: takes a hash at the ceiling of cost: %s', async (text) => {
    await expect(toStoredHash(text, cheap)).resolves.toMatchObject({ kind: 'stored' });
    expect(createImportedHashes().read(`as-typed:${text}`)).not.toBeNull();
  });

  it.each([
    ofArgon2(argon2.memoryKiB + 1, 1, 1),
    ofArgon2(8192, argon2.passes + 1, 1),
    ofArgon2(8192, 1, argon2.lanes + 1),
    ofArgon2(2 ** 53, 1, 1),
    ofBcrypt(bcrypt.rounds + 1),
    ofPbkdf2(pbkdf2.iterations + 1),
    ofScrypt(scrypt.logN + 1, 1, 1),
    ofScrypt(scrypt.logN, 8, 9),
    `scrypt:262144:1:1$salt$${hex64}`,
  ])('SECURITY 4: refuses a hash above the ceiling of cost, at import and at sign-in: %s', async (text) => {
    await expect(toStoredHash(text, cheap)).resolves.toMatchObject({ kind: 'refused' });
    for (const rested of [text, `as-typed:${text}`, `wrapped:${text}`]) expect(createImportedHashes().read(rested)).toBeNull();
  });

  it.each([
    '',
    'password',
    'md5$salt$5f4dcc3b5aa765d61d8327deb882cf99',
    '5f4dcc3b5aa765d61d8327deb882cf99',
    '$1$salt$qJH7.N4xYta3aEG/dfqo/0',
    'pbkdf2:sha256$salt$' + hex64,
    `pbkdf2:sha256:0$salt$${hex64}`,
    `pbkdf2:md5:1000$salt$${hex64}`,
    `pbkdf2:sha256:1000$salt$${hex64}0`,
    'scrypt:32769:8:1$salt$' + hex64,
    'scrypt:32768:0:1$salt$' + hex64,
    `$argon2id$v=19$m=8192,t=2$${salt22}$${hash43}`,
    `$argon2id$v=19$m=8192,t=2,p=1,keyid=x$${salt22}$${hash43}`,
    `$argon2id$v=20$m=8192,t=2,p=1$${salt22}$${hash43}`,
    `$argon2id$v=19$m=-1,t=2,p=1$${salt22}$${hash43}`,
    ofBcrypt(3).replace('$3$', '$03$'),
    ofBcrypt(10).slice(0, -1),
    '$2x$08$CdMUQwixR3OxsMNhlr0A4.lDRyqJoDL6RpOcCB0bJtkpHnSJ0A.F.',
    'A'.repeat(128),
    '0'.repeat(1_000_000),
  ])('refuses what is no hash that it knows: %.60s', async (text) => {
    await expect(toStoredHash(text, cheap)).resolves.toMatchObject({ kind: 'refused' });
  });

  it('never takes a hash of another system for one of its own', () => {
    const hashes = createImportedHashes();
    for (const text of [...Object.values(weak), strong['bcrypt 2b'], strong['PHC scrypt'], 'wrapped:', 'wrapped:$argon2id$', 'as-typed:']) {
      expect(hashes.read(text)).toBeNull();
    }
    expect(hashes.read(strong.argon2id)).toMatchObject({ kind: 'own' });
  });
});
