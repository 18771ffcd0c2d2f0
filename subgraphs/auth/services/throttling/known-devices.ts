import { createHmac } from 'node:crypto';
import { clientNetwork } from '../../../../shared/rate-limits/client-network.js';
import type { KnownDeviceRepository } from '../../data/known-device-repository.js';
import { toLoginIdentifier } from '../accounts/login-identifier.js';
import { deviceLabel } from '../sessions/device.js';
import type { SignInOrigin } from '../sessions/sign-in.js';

export interface KnownDevices {
  /** What is kept of the place: a keyed hash of its network and the name of the device. */
  hash(origin: SignInOrigin): string;
  /** The hash of `origin` when the account that `identifier` signs in to was signed in to from there before; null otherwise. */
  find(identifier: string, origin: SignInOrigin): Promise<string | null>;
  /** The hash of `origin` when the account was signed in to from there before; null otherwise. */
  findOf(accountId: string, origin: SignInOrigin): Promise<string | null>;
  /**
   * Keeps the place of a successful sign-in. Says whether it is `first` of the account, `new` beside others (its owner should hear of
   * it), or `known`.
   */
  remember(accountId: string, origin: SignInOrigin): Promise<'first' | 'new' | 'known'>;
}

export interface KnownDevicesOptions {
  readonly repository: KnownDeviceRepository;
  /** 32 bytes. */
  readonly key: Uint8Array;
  readonly now?: () => number;
}

export function createKnownDevices({ repository, key, now = Date.now }: KnownDevicesOptions): KnownDevices {
  function hash({ clientIp, device, userAgent }: SignInOrigin): string {
    // A browser that has updated itself is the same device.
    const agent = userAgent?.replace(/[\d.]+/g, '');
    return createHmac('sha256', key)
      .update(JSON.stringify([clientNetwork(clientIp ?? undefined), deviceLabel(device, agent)]))
      .digest('base64url');
  }

  return {
    hash,
    async find(identifier, origin) {
      const login = toLoginIdentifier(identifier);
      if (login === null) return null;
      const place = hash(origin);
      return (await repository.isKnown(login, place)) ? place : null;
    },
    async findOf(accountId, origin) {
      const place = hash(origin);
      return (await repository.has(accountId, place)) ? place : null;
    },
    remember: (accountId, origin) => repository.remember({ accountId, hash: hash(origin), at: new Date(now()) }),
  };
}
