import { describe, expect, it } from '@jest/globals';
import { codeBackOffMs, freeTries } from './code-back-off.js';
import { createRecoveryCodes } from './recovery-codes.js';
import { createTotpSecret, findStep, isTotpCode, stepAt, totpCodeAt, totpUri } from './totp-code.js';
import { createTotpSecrets } from './totp-secrets.js';

/** `12345678901234567890` in base32, the secret of RFC 6238's test vectors. */
const rfcSecret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const ada = '019aa000-0000-7000-8000-000000000001';
const bob = '019aa000-0000-7000-8000-000000000002';

describe('a code of an authenticator app', () => {
  it.each(['', '12345', '1234567', '12345a', ' 123456', '１２３４５６', '-12345', '1e5000'])('is not %j', (text) => {
    expect(isTotpCode(text)).toBe(false);
  });

  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('is at %d s what RFC 6238 says', (seconds, code) => {
    expect(totpCodeAt(rfcSecret, stepAt(seconds * 1000))).toBe(code);
  });

  it('SECURITY 30: counts in its own step and the next, not a moment earlier or later', () => {
    const step = 1_000n;
    const code = totpCodeAt(rfcSecret, step);
    const begin = Number(step) * 30_000;
    expect(findStep(rfcSecret, code, begin - 1)).toBeNull();
    expect(findStep(rfcSecret, code, begin)).toBe(step);
    expect(findStep(rfcSecret, code, begin + 59_999)).toBe(step);
    expect(findStep(rfcSecret, code, begin + 60_000)).toBeNull();
  });

  it('SECURITY 29: comes of a secret of 160 random bits, in an address that any app reads', () => {
    const secrets = Array.from({ length: 50 }, () => createTotpSecret());
    expect(new Set(secrets).size).toBe(50);
    for (const secret of secrets) expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    const uri = new URL(totpUri(rfcSecret, 'Ada'));
    expect(uri.href).toMatch(/^otpauth:\/\/totp\/Galaxia:Ada\?/);
    expect(Object.fromEntries(uri.searchParams)).toEqual({
      issuer: 'Galaxia',
      secret: rfcSecret,
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    });
  });
});

describe('the secret at rest', () => {
  const secrets = createTotpSecrets(new Uint8Array(32).fill(1));

  it('SECURITY 29: opens with the right key alone, and for its own account alone', async () => {
    const sealed = await secrets.seal(ada, rfcSecret);
    expect(sealed).not.toContain(rfcSecret);
    await expect(secrets.open(bob, sealed)).rejects.toThrow('another one');
    await expect(createTotpSecrets(new Uint8Array(32).fill(2)).open(ada, sealed)).rejects.toThrow();
    await expect(secrets.open(ada, `${sealed.slice(0, -2)}AA`)).rejects.toThrow();
    await expect(secrets.open(ada, sealed)).resolves.toBe(rfcSecret);
  });
});

describe('recovery codes', () => {
  const codes = createRecoveryCodes(new Uint8Array(32).fill(1));

  it.each(['', '123456', 'ABCD-EFGH-JKMN', 'ABCD-EFGH-JKMN-PQRS-TVWX', 'ABCD-EFGH-JKMN-PQR!', 'UUUU-UUUU-UUUU-UUUU', '-'.repeat(10_000)])(
    'are not %j',
    (typed) => {
      expect(codes.hashOf(ada, typed)).toBeNull();
    },
  );

  it('SECURITY 32: are ten of 80 random bits each, of which only keyed hashes are kept', () => {
    const made = codes.create(ada);
    expect(new Set(made.codes).size).toBe(10);
    for (const code of made.codes) expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
    expect(made.codes.map((code) => codes.hashOf(ada, code))).toEqual(made.hashes);
    const [code = ''] = made.codes;
    expect(codes.hashOf(bob, code)).not.toBe(made.hashes[0]);
    expect(createRecoveryCodes(new Uint8Array(32).fill(2)).hashOf(ada, code)).not.toBe(made.hashes[0]);
  });

  it('are read as people type them', () => {
    const hash = codes.hashOf(ada, '0123-4567-89AB-1000');
    expect(hash).not.toBeNull();
    for (const typed of ['0123456789ab1000', ' 0123 4567 89ab 1000 ', 'O123-4567-89AB-IoOo', 'o123-4567-89ab-lOOO']) {
      expect(codes.hashOf(ada, typed)).toBe(hash);
    }
  });
});

describe('the back-off after wrong codes', () => {
  it('SECURITY 31: begins with the tenth in a row, grows, and has an end', () => {
    const waits = Array.from({ length: freeTries + 100 }, (_, index) => codeBackOffMs(index + 1) / 60_000);
    expect(waits.slice(0, freeTries - 1).every((wait) => wait === 0)).toBe(true);
    expect(waits.slice(freeTries - 1, freeTries + 7)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    expect(Math.max(...waits)).toBe(60);
  });
});
