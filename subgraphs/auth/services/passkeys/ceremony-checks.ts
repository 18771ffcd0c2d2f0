import {
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type VerifiedAuthenticationResponse,
  type VerifiedRegistrationResponse,
} from '@simplewebauthn/server';
import type { StoredPasskey } from '../../data/passkey-repository.js';
import type { LoginAnswer, RegistrationAnswer } from './authenticator-answer.js';
import type { RelyingParty } from './relying-party.js';

export interface CheckedRegistration {
  readonly credentialId: string;
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly counter: bigint;
}

/** What a new credential is, once its answer fits `challenge` and the site, and somebody was there; null otherwise. */
export async function checkRegistration(
  answer: RegistrationAnswer,
  { challenge, site }: { challenge: string; site: RelyingParty },
): Promise<CheckedRegistration | null> {
  const { registrationInfo } = await orUnverified<VerifiedRegistrationResponse>(() =>
    verifyRegistrationResponse({
      response: {
        ...answer,
        response: { ...answer.response, transports: toTransports(answer.response.transports ?? []) },
        clientExtensionResults: {},
      },
      expectedChallenge: challenge,
      expectedOrigin: [...site.origins],
      expectedRPID: site.id,
      requireUserPresence: true,
      // A key without a PIN is a second factor; alone it opens nothing, which each sign-in checks.
      requireUserVerification: false,
    }),
  );
  if (registrationInfo === undefined) return null;
  const { id: credentialId, publicKey, counter } = registrationInfo.credential;
  return { credentialId, publicKey, counter: BigInt(counter) };
}

/** The authenticator's new counter, once the answer fits `challenge`, the site and the passkey; null otherwise. */
export async function checkLogin(
  answer: LoginAnswer,
  {
    challenge,
    site,
    passkey,
    requireUserVerification,
  }: { challenge: string; site: RelyingParty; passkey: StoredPasskey; requireUserVerification: boolean },
): Promise<bigint | null> {
  const { userHandle, ...response } = answer.response;
  const { verified, authenticationInfo } = await orUnverified<VerifiedAuthenticationResponse>(() =>
    verifyAuthenticationResponse({
      response: {
        ...answer,
        response: typeof userHandle === 'string' ? { ...response, userHandle } : response,
        clientExtensionResults: {},
      },
      expectedChallenge: challenge,
      expectedOrigin: [...site.origins],
      expectedRPID: site.id,
      requireUserVerification,
      // As if it had never counted: whoever calls compares the counters, and can then tell a clone from a forgery.
      credential: {
        id: passkey.credentialId,
        publicKey: Uint8Array.from(passkey.publicKey),
        counter: 0,
        transports: toTransports(passkey.transports),
      },
    }),
  );
  return verified ? BigInt(authenticationInfo.newCounter) : null;
}

/**
 * Whether the counter shows that there is a second copy of the authenticator (WebAuthn, 6.1.1). Those that are synchronised between
 * devices do not count, and say 0 for ever.
 */
export function hasGoneBack(previous: bigint, counter: bigint): boolean {
  return (previous > 0n || counter > 0n) && counter <= previous;
}

const transports: readonly string[] = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'];

/** Those of `names` that are known; the others are of no use to anyone. */
export function toTransports(names: readonly string[]): string[] {
  return transports.filter((transport) => names.includes(transport));
}

/** The library throws for everything that does not fit, and for what it cannot read: all of it comes from the client. */
async function orUnverified<Verified>(
  check: () => Promise<Verified>,
): Promise<Verified | { verified: false; registrationInfo?: undefined; authenticationInfo?: undefined }> {
  try {
    return await check();
  } catch {
    return { verified: false };
  }
}
