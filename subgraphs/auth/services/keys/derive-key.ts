import { hkdfSync } from 'node:crypto';

/** A key of 32 bytes for one purpose, so that no two uses share one (RFC 5869). */
export function deriveKey(
  encryptionKey: Uint8Array,
  purpose:
    | 'guest devices'
    | 'mails'
    | 'refresh tokens'
    | 'recovery codes'
    | 'signing keys'
    | 'TOTP secrets'
    | 'username holds'
    | 'throttles'
    | 'known devices'
    | 'token mails',
): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', encryptionKey, new Uint8Array(0), `galaxia auth: ${purpose}`, 32));
}
