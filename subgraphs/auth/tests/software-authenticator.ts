import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { z } from 'zod';

const creation = z.object({
  challenge: z.string(),
  rp: z.object({ id: z.string() }),
  user: z.object({ id: z.string() }),
  excludeCredentials: z.array(z.object({ id: z.string() })),
});
const request = z.object({
  challenge: z.string(),
  rpId: z.string(),
  userVerification: z.string(),
  allowCredentials: z.array(z.object({ id: z.string() })).optional(),
});

/** What an authenticator, or the page between it and the server, may do wrong. */
export interface Mischief {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  /** Of the client data. */
  readonly type?: string;
  readonly crossOrigin?: boolean;
  readonly userPresent?: boolean;
  readonly userVerified?: boolean;
  readonly counter?: number;
  readonly userHandle?: string | null;
  readonly credentialId?: string;
  /** Changes a byte of what was signed. */
  readonly tamper?: boolean;
}

const flags = { userPresent: 0x01, userVerified: 0x04, attested: 0x40 } as const;

/** One credential of an authenticator (WebAuthn Level 3), P-256, as a page with `origin` sees it. */
export function createSoftwareAuthenticator({ origin }: { origin: string }) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const id = randomBytes(32);
  const credentialId = id.toString('base64url');
  let counter = 0;
  let userHandle: string | null = null;

  function clientData(type: string, challenge: string, mischief: Mischief): Buffer {
    return Buffer.from(
      JSON.stringify({
        type: mischief.type ?? type,
        challenge: mischief.challenge ?? challenge,
        origin: mischief.origin ?? origin,
        crossOrigin: mischief.crossOrigin ?? false,
      }),
    );
  }

  function authenticatorData(rpId: string, mischief: Mischief, attested?: Buffer): Buffer {
    const { userPresent = true, userVerified = true } = mischief;
    const count = Buffer.alloc(4);
    count.writeUInt32BE(mischief.counter ?? counter);
    const bits =
      (userPresent ? flags.userPresent : 0) | (userVerified ? flags.userVerified : 0) | (attested === undefined ? 0 : flags.attested);
    return Buffer.concat([sha256(mischief.rpId ?? rpId), Buffer.from([bits]), count, attested ?? Buffer.alloc(0)]);
  }

  function coseKey(): Buffer {
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    const point = (coordinate: unknown) => Buffer.from(String(coordinate), 'base64url');
    // kty EC2, alg ES256, crv P-256 (RFC 9053).
    return cbor(
      new Map<number, unknown>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, point(x)],
        [-3, point(y)],
      ]),
    );
  }

  return {
    credentialId,
    /** `navigator.credentials.create`. */
    create(options: unknown, mischief: Mischief = {}): object {
      const { challenge, rp, user, excludeCredentials } = creation.parse(options);
      if (excludeCredentials.some((excluded) => excluded.id === credentialId)) throw new Error('InvalidStateError');
      userHandle = user.id;
      const client = clientData('webauthn.create', challenge, mischief);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(id.length);
      const attested = Buffer.concat([Buffer.alloc(16), length, id, coseKey()]);
      const attestationObject = cbor(
        new Map<string, unknown>([
          ['fmt', 'none'],
          ['attStmt', new Map()],
          ['authData', authenticatorData(rp.id, mischief, attested)],
        ]),
      );
      return {
        id: credentialId,
        rawId: credentialId,
        type: 'public-key',
        response: {
          clientDataJSON: client.toString('base64url'),
          attestationObject: attestationObject.toString('base64url'),
          transports: ['internal', 'made-up'],
        },
        clientExtensionResults: {},
      };
    },
    /** `navigator.credentials.get`; counts, as an authenticator does. */
    get(options: unknown, mischief: Mischief = {}): object {
      const { challenge, rpId } = request.parse(options);
      counter += 1;
      const client = clientData('webauthn.get', challenge, mischief);
      const data = authenticatorData(rpId, mischief);
      const signature = sign('sha256', Buffer.concat([data, sha256(client)]), privateKey);
      if (mischief.tamper === true) data.writeUInt8(data.readUInt8(data.length - 1) ^ 0x02, data.length - 1);
      const shown = mischief.credentialId ?? credentialId;
      const handle = mischief.userHandle === undefined ? userHandle : mischief.userHandle;
      return {
        id: shown,
        rawId: shown,
        type: 'public-key',
        response: {
          clientDataJSON: client.toString('base64url'),
          authenticatorData: data.toString('base64url'),
          signature: signature.toString('base64url'),
          ...(handle === null ? {} : { userHandle: handle }),
        },
        clientExtensionResults: {},
      };
    },
  };
}

export type SoftwareAuthenticator = ReturnType<typeof createSoftwareAuthenticator>;

function sha256(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}

/** As much of CBOR (RFC 8949) as an attestation without a statement needs. */
function cbor(value: unknown): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Buffer) return Buffer.concat([head(2, value.length), value]);
  if (value instanceof Map) return Buffer.concat([head(5, value.size), ...[...value].flatMap(([key, entry]) => [cbor(key), cbor(entry)])]);
  throw new Error(`no CBOR for ${typeof value}`);
}

function head(major: number, size: number): Buffer {
  if (size < 24) return Buffer.from([(major << 5) | size]);
  if (size < 256) return Buffer.from([(major << 5) | 24, size]);
  return Buffer.from([(major << 5) | 25, size >> 8, size & 0xff]);
}
