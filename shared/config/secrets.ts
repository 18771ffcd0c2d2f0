import { hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** What the all-in-one makes for itself. The processes of the distributed way get the first from `GATEWAY_SECRET` and derive the others. */
export interface Secrets {
  /** Between the gateway and the subgraphs. */
  readonly gatewaySecret: string;
  /** 32 bytes that encrypt what is secret in the database, such as signing keys. Without them it cannot be read again. */
  readonly encryptionKey: Uint8Array;
  /** 32 bytes that sign the URLs to which images are uploaded. */
  readonly uploadSigningKey: Uint8Array;
}

const key = z.base64url().length(43, 'must be 32 bytes in base64url');
const stored = z.object({ gatewaySecret: key, encryptionKey: key, uploadSigningKey: key });

/**
 * The secrets in `folder`/secrets.json, made at the first start, readable by their owner only. Whoever starts at the same time gets the
 * same ones. Throws when the file is there but cannot be used: new secrets would make the database unreadable.
 */
export async function loadSecrets(folder: string): Promise<Secrets> {
  const file = join(folder, 'secrets.json');
  const text = (await read(file)) ?? (await create(folder, file));
  const secrets = parse(text, file);
  return {
    gatewaySecret: secrets.gatewaySecret,
    encryptionKey: new Uint8Array(Buffer.from(secrets.encryptionKey, 'base64url')),
    uploadSigningKey: new Uint8Array(Buffer.from(secrets.uploadSigningKey, 'base64url')),
  };
}

/** A key of 32 bytes for one `purpose`, from which neither the secret nor the key of another purpose can be found (HKDF, RFC 5869). */
export function deriveKey(secret: string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, 'galaxia', purpose, 32));
}

async function create(folder: string, file: string): Promise<string> {
  const make = () => randomBytes(32).toString('base64url');
  const text = JSON.stringify(
    { gatewaySecret: make(), encryptionKey: make(), uploadSigningKey: make() } satisfies z.input<typeof stored>,
    null,
    2,
  );
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, `${randomUUID()}.draft`);
  const handle = await open(draft, 'wx', 0o600);
  try {
    try {
      await handle.writeFile(`${text}\n`);
      // On disk before it has its name: data encrypted with a key that a power failure takes away is lost.
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(draft, file);
    return text;
  } catch (error) {
    const others = hasCode(error, 'EEXIST') ? await read(file) : null;
    if (others === null) throw error;
    return others;
  } finally {
    await rm(draft, { force: true });
  }
}

async function read(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

function parse(text: string, file: string): z.output<typeof stored> {
  try {
    return stored.parse(JSON.parse(text));
  } catch {
    // Without the cause: a message of the parser can quote what it read.
    throw new Error(`${file} does not hold the secrets that this data was written with. Bring it back from a backup.`);
  }
}

function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
