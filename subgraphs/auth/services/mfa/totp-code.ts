import { randomBytes, timingSafeEqual } from 'node:crypto';
import { HOTP, Secret, TOTP } from 'otpauth';

/** What every authenticator app can do (RFC 6238); some ignore any other choice without a word. */
const parameters = { algorithm: 'SHA1', digits: 6 } as const;
export const stepMs = 30_000;
/** 160 bits, as RFC 4226 (4, R6) advises. */
const secretBytes = 20;
const issuer = 'Galaxia';

/** A new secret in base32. */
export function createTotpSecret(random: (size: number) => Buffer = randomBytes): string {
  return new Secret({ buffer: Uint8Array.from(random(secretBytes)).buffer }).base32;
}

/** The `otpauth://` address that an authenticator app reads from a QR code. */
export function totpUri(secret: string, username: string): string {
  return new TOTP({ ...parameters, period: stepMs / 1000, issuer, label: username, secret: Secret.fromBase32(secret) }).toString();
}

/** Number of the 30-second step that `now`, in ms since the epoch, lies in. */
export function stepAt(now: number): bigint {
  return BigInt(Math.floor(now / stepMs));
}

export function totpCodeAt(secret: string, step: bigint): string {
  return HOTP.generate({ ...parameters, secret: Secret.fromBase32(secret), counter: Number(step) });
}

/** Whether `text` has the form of a code. */
export function isTotpCode(text: string): boolean {
  return /^\d{6}$/.test(text);
}

/**
 * The step that `code` belongs to: the current one, or the one before for a code that was read a moment too early. Null when it is of
 * neither. Both are compared whatever the first one says, so that the time tells nothing.
 */
export function findStep(secret: string, code: string, now: number): bigint | null {
  const current = stepAt(now);
  const given = Buffer.from(code);
  const [isCurrent, isPrevious] = [current, current - 1n].map((step) => {
    const expected = Buffer.from(totpCodeAt(secret, step));
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  if (isCurrent === true) return current;
  return isPrevious === true ? current - 1n : null;
}
