import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { FieldProblem } from '../../../../shared/errors/invalid-input.js';

/** In characters (code points). */
const deviceIdLength = { min: 8, max: 128 } as const;
const deviceSecretLength = { min: 32, max: 256 } as const;

export interface GuestDevices {
  /** By which a device is known. Keyed: an id may be an advertising id or a serial number, which others know as well. */
  hashId(deviceId: string): string;
  /** What is kept of a secret. It is random and long, so that a slow hash would protect nothing. */
  hashSecret(deviceSecret: string): string;
  /** Takes the same time for every wrong secret. */
  isSecret(deviceSecret: string, secretHash: string): boolean;
}

export function createGuestDevices(key: Uint8Array): GuestDevices {
  const hashSecret = (deviceSecret: string) => createHash('sha256').update(deviceSecret).digest('base64url');
  return {
    hashId: (deviceId) => createHmac('sha256', key).update(deviceId).digest('base64url'),
    hashSecret,
    isSecret: (deviceSecret, secretHash) => timingSafeEqual(Buffer.from(hashSecret(deviceSecret)), Buffer.from(secretHash)),
  };
}

export function findDeviceIdProblem(deviceId: string): FieldProblem | null {
  return findLengthProblem('deviceId', 'The id of a device', deviceId, deviceIdLength);
}

export function findDeviceSecretProblem(deviceSecret: string): FieldProblem | null {
  return findLengthProblem('deviceSecret', 'The secret of a device', deviceSecret, deviceSecretLength);
}

function findLengthProblem(path: string, what: string, text: string, { min, max }: { min: number; max: number }): FieldProblem | null {
  const length = Array.from(text).length;
  if (length < min) return { path, code: 'TOO_SHORT', message: `${what} has at least ${String(min)} characters.` };
  if (length > max) return { path, code: 'TOO_LONG', message: `${what} has at most ${String(max)} characters.` };
  return null;
}
