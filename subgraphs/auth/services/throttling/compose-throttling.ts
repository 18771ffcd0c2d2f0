import type { RateLimits } from '../../../../shared/rate-limits/rate-limits.js';
import type { KnownDeviceRepository } from '../../data/known-device-repository.js';
import { deriveKey } from '../keys/derive-key.js';
import { createKnownDevices, type KnownDevices } from './known-devices.js';
import { createThrottles, type Throttles } from './throttles.js';

export interface ThrottlingOptions {
  readonly repository: KnownDeviceRepository;
  readonly rateLimits: RateLimits;
  readonly encryptionKey: Uint8Array;
  readonly now: () => number;
}

export function composeThrottling({ repository, rateLimits, encryptionKey, now }: ThrottlingOptions): {
  readonly throttles: Throttles;
  readonly knownDevices: KnownDevices;
} {
  const knownDevices = createKnownDevices({ repository, key: deriveKey(encryptionKey, 'known devices'), now });
  return { throttles: createThrottles({ limits: rateLimits, knownDevices, key: deriveKey(encryptionKey, 'throttles') }), knownDevices };
}
