import { randomInt } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { invalidInput, type InvalidInput } from '../../../../shared/errors/invalid-input.js';
import { createDomainEvent } from '../../../../shared/events/domain-events.js';
import { newAccountState, type Account, type AccountRepository } from '../../data/account-repository.js';
import { byOwner, toAuditRow, type AuditLog } from '../audit/audit-log.js';
import { deviceLabel, findDeviceProblem } from '../sessions/device.js';
import type { SessionOpener } from '../sessions/session-opener.js';
import type { InvalidCredentials, MfaRequired, SignIn, SignInOrigin } from '../sessions/sign-in.js';
import type { SignedIn } from '../sessions/signed-in.js';
import type { KnownDevices } from '../throttling/known-devices.js';
import type { Throttles } from '../throttling/throttles.js';
import type { UsernameHolds } from '../usernames/username-holds.js';
import { findDeviceIdProblem, findDeviceSecretProblem, type GuestDevices } from './guest-devices.js';
import type { GuestRepository } from './guest-repository.js';

interface DeviceLogin extends SignInOrigin {
  readonly deviceId: string;
  readonly deviceSecret: string;
}

type DeviceLoginOutcome = SignedIn | MfaRequired | InvalidCredentials | InvalidInput;

export interface GuestSignIn {
  /**
   * Makes a guest at the first use of a device id, and signs in the same one with the same secret ever after; also once credentials are
   * linked to it, until its password is changed. A wrong secret and a disabled account get the same answer. Throws `RATE_LIMITED` for a
   * network that does it too often.
   */
  login(input: DeviceLogin): Promise<DeviceLoginOutcome>;
}

export interface GuestSignInOptions {
  readonly accounts: Pick<AccountRepository, 'register'>;
  readonly guests: Pick<GuestRepository, 'findDevice'>;
  readonly devices: GuestDevices;
  readonly holds: UsernameHolds;
  readonly opener: SessionOpener;
  readonly signIn: Pick<SignIn, 'complete'>;
  readonly knownDevices: Pick<KnownDevices, 'remember'>;
  readonly throttles: Pick<Throttles, 'perNetwork'>;
  readonly auditLog: Pick<AuditLog, 'record'>;
  readonly wakeOutbox: () => void;
  readonly now?: () => number;
  readonly newId?: () => string;
  readonly newName?: () => string;
}

/** Proof of possession of a key that software keeps (RFC 8176). */
const amr = ['swk'];
/** Of 2.8 × 10^12 names, so that a second try is rare among a million guests, and a fifth never happens. */
const nameTries = 5;
const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

export function createGuestSignIn(options: GuestSignInOptions): GuestSignIn {
  const { accounts, guests, devices, holds, opener, signIn, knownDevices, throttles, auditLog, wakeOutbox } = options;
  const { now = Date.now, newId = uuidv7, newName = newGuestName } = options;

  async function create(device: { idHash: string; secretHash: string }, origin: SignInOrigin): Promise<SignedIn | 'device-taken'> {
    for (let tries = 1; ; tries += 1) {
      const createdAt = new Date(now());
      const account: Account = {
        ...newAccountState,
        id: newId(),
        username: newName(),
        email: null,
        roles: ['USER'],
        createdAt,
        isGuest: true,
      };
      const { family, started, signedIn } = opener.open(account, deviceLabel(origin.device, origin.userAgent), amr);
      const registered = createDomainEvent('user.registered', {
        key: account.id,
        now,
        payload: { userId: account.id, username: account.username, createdAt: createdAt.toISOString() },
      });
      const who = byOwner({ userId: account.id, sessionId: family.id });
      const outcome = await accounts.register({
        account,
        nameHash: holds.hashOf(account.username),
        credential: { kind: 'device', ...device },
        family,
        events: [registered, started],
        audit: [toAuditRow({ action: 'GUEST_CREATED', ...who, details: { device: family.device } }, now)],
        mails: [],
      });
      switch (outcome) {
        case 'registered':
          await knownDevices.remember(account.id, origin);
          wakeOutbox();
          return signedIn;
        case 'device-taken':
          return 'device-taken';
        case 'username-taken':
          if (tries === nameTries) throw new Error(`${String(nameTries)} names for a guest were taken`);
      }
    }
  }

  return {
    async login({ deviceId, deviceSecret, ...origin }) {
      const problems = [findDeviceIdProblem(deviceId), findDeviceSecretProblem(deviceSecret), findDeviceProblem(origin.device)].filter(
        (problem) => problem !== null,
      );
      if (problems.length > 0) return invalidInput(problems);
      await throttles.perNetwork('guest sign-ins', origin.clientIp);

      const device = { idHash: devices.hashId(deviceId), secretHash: devices.hashSecret(deviceSecret) };
      let known = await guests.findDevice(device.idHash);
      if (known === null) {
        const created = await create(device, origin);
        if (created !== 'device-taken') return created;
        // A request at the same moment was faster: this one resumes the guest that it made.
        known = await guests.findDevice(device.idHash);
      }
      if (known === null || !devices.isSecret(deviceSecret, known.secretHash)) {
        await auditLog.record({ action: 'LOGIN_FAILED', accountId: known?.account.id ?? null, details: { method: 'device' } });
        return { kind: 'InvalidCredentials' };
      }
      return signIn.complete(known.account, { ...origin, amr });
    },
  };
}

function newGuestName(): string {
  return `Guest_${Array.from({ length: 8 }, () => alphabet.charAt(randomInt(alphabet.length))).join('')}`;
}
