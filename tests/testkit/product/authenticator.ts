import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';

/** A security key in software, for one credential of one site: what a browser and its authenticator answer, without either. */
export interface Authenticator {
  /** The answer to `options` of a registration, as `PublicKeyCredential.toJSON()` writes it. */
  register(options: unknown): object;
  /** The answer to `options` of a sign-in. */
  signIn(options: unknown): object;
}

interface Options {
  readonly challenge: string;
  readonly user?: { readonly id: string };
}

/** `origin` is the page's; the site is its host. User presence and verification are always given. */
export function createAuthenticator(origin: string): Authenticator {
  const site = new URL(origin);
  // A browser takes no address as the name of a site.
  if (site.hostname === '127.0.0.1') site.hostname = 'localhost';
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const id = randomBytes(32);
  let userHandle: string | undefined;
  let counter = 0;

  const base = { id: id.toString('base64url'), rawId: id.toString('base64url'), type: 'public-key', clientExtensionResults: {} };

  function clientData(type: 'webauthn.create' | 'webauthn.get', challenge: string): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin: site.origin, crossOrigin: false }));
  }

  /** WebAuthn 6.1: hash of the site, flags, counter, and after a registration the credential. */
  function authenticatorData(attested: Uint8Array | null): Buffer {
    counter += 1;
    const flags = 0b101 + (attested === null ? 0 : 0b1000000);
    const head = Buffer.alloc(5);
    head.writeUInt8(flags, 0);
    head.writeUInt32BE(counter, 1);
    return Buffer.concat([sha256(Buffer.from(site.hostname)), head, attested ?? Buffer.alloc(0)]);
  }

  return {
    register(given) {
      const { challenge, user } = given as Options;
      userHandle = user?.id;
      // COSE: EC2, ES256, P-256.
      const key = isoCBOR.encode(
        new Map<number, number | Uint8Array<ArrayBuffer>>([
          [1, 2],
          [3, -7],
          [-1, 1],
          [-2, Uint8Array.from(Buffer.from(x, 'base64url'))],
          [-3, Uint8Array.from(Buffer.from(y, 'base64url'))],
        ]),
      );
      const length = Buffer.alloc(2);
      length.writeUInt16BE(id.length);
      const authData = Uint8Array.from(authenticatorData(Buffer.concat([Buffer.alloc(16), length, id, key])));
      const attestationObject = isoCBOR.encode(
        new Map<string, string | Uint8Array<ArrayBuffer> | Map<string, string>>([
          ['fmt', 'none'],
          ['attStmt', new Map<string, string>()],
          ['authData', authData],
        ]),
      );
      return {
        ...base,
        response: {
          clientDataJSON: clientData('webauthn.create', challenge).toString('base64url'),
          attestationObject: Buffer.from(attestationObject).toString('base64url'),
          transports: ['internal'],
        },
      };
    },

    signIn(given) {
      const { challenge } = given as Options;
      const data = authenticatorData(null);
      const client = clientData('webauthn.get', challenge);
      const signature = createSign('sha256')
        .update(Buffer.concat([data, sha256(client)]))
        .sign(privateKey);
      return {
        ...base,
        response: {
          clientDataJSON: client.toString('base64url'),
          authenticatorData: data.toString('base64url'),
          signature: signature.toString('base64url'),
          ...(userHandle === undefined ? {} : { userHandle }),
        },
      };
    },
  };
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
