import type { NetworkRates } from '../../../../shared/config/network-rate-settings.js';
import type { RateLimits } from '../../../../shared/rate-limits/rate-limits.js';
import type { KnownDeviceRepository } from '../../data/known-device-repository.js';
import { deriveKey } from '../keys/derive-key.js';
import { createKnownDevices, type KnownDevices } from './known-devices.js';
import { createThrottles, type Throttles } from './throttles.js';

export interface ThrottlingOptions {
  readonly repository: KnownDeviceRepository;
  readonly rateLimits: RateLimits;
  readonly networkRates: NetworkRates | undefined;
  readonly encryptionKey: Uint8Array;
  readonly now: () => number;
}

export function composeThrottling({ repository, rateLimits, networkRates, encryptionKey, now }: ThrottlingOptions): {
  readonly throttles: Throttles;
  readonly knownDevices: KnownDevices;
} {
  const knownDevices = createKnownDevices({ repository, key: deriveKey(encryptionKey, 'known devices'), now });
  const key = deriveKey(encryptionKey, 'throttles');
  return { throttles: createThrottles({ limits: rateLimits, networkRates, knownDevices, key }), knownDevices };
}
