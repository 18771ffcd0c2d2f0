import { randomUUID } from 'node:crypto';
import { generateAuthenticationOptions } from '@simplewebauthn/server';
import { validate as isUuid } from 'uuid';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import type { FactorProof } from '../../data/factor-claims.js';
import type { PasskeyRepository } from '../../data/passkey-repository.js';
import type { AuditLog } from '../audit/audit-log.js';
import { parseLoginAnswer } from './authenticator-answer.js';
import { checkLogin, hasGoneBack, toTransports } from './ceremony-checks.js';
import { ceremonyLifetimeMs, type BegunCeremony } from './passkey-registration.js';
import type { RelyingParty } from './relying-party.js';

export interface PasskeyAnswer {
  readonly ceremonyId: string;
  readonly response: unknown;
}

/** Somebody who is signed in shows one of their passkeys once more. */
export interface PasskeyConfirmation {
  /** Throws an `UNAUTHENTICATED` `AppError` for an anonymous viewer. */
  begin(viewer: Viewer | null): Promise<BegunCeremony | { readonly kind: 'NoPasskey' }>;
  /**
   * What the answer proves, to be taken in the transaction that it is for; null when it does not fit the ceremony, the site or the viewer.
   * `isAlone` when nothing else is proved: the authenticator must know who holds it then. Every ceremony is answered once.
   */
  check(viewer: Viewer, answer: PasskeyAnswer, rule: { isAlone: boolean }): Promise<FactorProof | null>;
}

export interface PasskeyConfirmationOptions {
  readonly repository: Pick<PasskeyRepository, 'begin' | 'take' | 'list'>;
  readonly auditLog: Pick<AuditLog, 'record'>;
  readonly site: () => RelyingParty;
  readonly now?: () => number;
}

export function createPasskeyConfirmation({ repository, auditLog, site, now = Date.now }: PasskeyConfirmationOptions): PasskeyConfirmation {
  return {
    async begin(viewer) {
      if (viewer === null) throw unauthenticated();
      const accountId = viewer.userId;
      const passkeys = await repository.list(accountId);
      if (passkeys.length === 0) return { kind: 'NoPasskey' };
      const options = await generateAuthenticationOptions({
        rpID: site().id,
        timeout: ceremonyLifetimeMs,
        userVerification: 'preferred',
        allowCredentials: passkeys.map(({ credentialId: id, transports }) => ({ id, transports: toTransports(transports) })),
      });
      const [id, expiresAt] = [randomUUID(), new Date(now() + ceremonyLifetimeMs)];
      await repository.begin({ kind: 'confirmation', id, challenge: options.challenge, accountId, expiresAt });
      return { kind: 'Begun', id, options };
    },

    async check({ userId: accountId }, { ceremonyId, response }, { isAlone }) {
      const ceremony = isUuid(ceremonyId) ? await repository.take('confirmation', ceremonyId, accountId, new Date(now())) : null;
      const answer = parseLoginAnswer(response);
      if (ceremony === null || answer === null) return null;
      const passkey = (await repository.list(accountId)).find(({ credentialId }) => credentialId === answer.id);
      if (passkey === undefined) return null;
      const { challenge } = ceremony;
      const counter = await checkLogin(answer, { challenge, site: site(), passkey, requireUserVerification: isAlone });
      if (counter === null) return null;
      if (hasGoneBack(passkey.counter, counter)) {
        await auditLog.record({ action: 'PASSKEY_COUNTER_WENT_BACK', accountId, details: { passkeyId: passkey.id } });
        return null;
      }
      return { kind: 'passkey', passkeyId: passkey.id, previousCounter: passkey.counter, counter };
    },
  };
}
