import { parseArgs } from 'node:util';
import { createSigningKeyRepository, type SigningKeyRepository, type StoredSigningKey } from '../data/signing-key-repository.js';
import { deriveKey } from '../services/keys/derive-key.js';
import { decryptKey } from '../services/keys/key-material.js';
import { createKeyRotation, isInOrder, publishedAt, signingAt, type KeyRotation } from '../services/keys/key-rotation.js';
import { withAuthData, type AuthData } from './auth-data.js';
import type { CommandResult } from './run-command.js';

const usage = `Makes the next key that signs access tokens. Servers do so by themselves every SIGNING_KEY_ROTATION_DAYS.
Works on the Postgres of AUTH_DATABASE_URL, beside a server that runs, or on the database in DATA_DIR, while none does.

  npm run rotate-keys                      publishes a new key, which signs an hour later; nobody is signed out
  npm run rotate-keys -- --list            says which keys there are
  npm run rotate-keys -- --revoke <kid>    for a key that somebody else may know: what it signed is refused within seconds, and a new
                                           key signs at once. Clients go on with their next refresh; sockets come back by themselves
  npm run rotate-keys -- --help`;

type Parsed =
  | { readonly kind: 'help' }
  | { readonly kind: 'list' }
  | { readonly kind: 'rotate' }
  | { readonly kind: 'revoke'; readonly kid: string }
  | { readonly kind: 'wrong'; readonly problem: string };

interface Keys {
  readonly repository: SigningKeyRepository;
  readonly rotation: KeyRotation;
  readonly now: () => number;
}

/** `openData` is called only when the command line is right. Throws what that throws. */
export async function runKeyCommand(
  args: readonly string[],
  openData: () => Promise<Pick<AuthData, 'database' | 'encryptionKey' | 'close'>>,
  now: () => number = Date.now,
): Promise<CommandResult> {
  const parsed = parse(args);
  if (parsed.kind === 'help') return { status: 0, output: usage };
  if (parsed.kind === 'wrong') return { status: 2, output: `${parsed.problem}\n\n${usage}` };
  return withAuthData(openData, async (prisma, data) => {
    const repository = createSigningKeyRepository(prisma);
    const encryptionKey = deriveKey(data.encryptionKey, 'signing keys');
    const newest = (await repository.list()).filter(isInOrder).at(-1);
    // A key that was encrypted with another secret than the server's would stop every sign-in.
    if (newest !== undefined) await decryptKey(newest, encryptionKey);
    const rotation = createKeyRotation({ repository, encryptionKey, rotationMs: Number.POSITIVE_INFINITY, now });
    const keys = { repository, rotation, now };
    switch (parsed.kind) {
      case 'list':
        return list(keys);
      case 'rotate':
        return rotate(keys, newest);
      case 'revoke':
        return revoke(keys, parsed.kid);
    }
  });
}

function parse(args: readonly string[]): Parsed {
  try {
    const { values } = parseArgs({
      args: joinKid(args),
      options: { help: { type: 'boolean', short: 'h' }, list: { type: 'boolean' }, revoke: { type: 'string' } },
    });
    if (values.help === true) return { kind: 'help' };
    const { revoke: kid } = values;
    if (kid === undefined) return { kind: values.list === true ? 'list' : 'rotate' };
    if (kid === '' || values.list === true) return { kind: 'wrong', problem: 'Say either which key to revoke, or "--list".' };
    return { kind: 'revoke', kid };
  } catch (error) {
    return { kind: 'wrong', problem: error instanceof Error ? error.message : String(error) };
  }
}

/** A kid is base64url: one in 64 begins with a dash, and would be taken for an option. */
function joinKid(args: readonly string[]): string[] {
  const at = args.indexOf('--revoke');
  const kid = args[at + 1];
  const isKid = at >= 0 && kid !== undefined && !['--list', '--help', '-h'].includes(kid);
  return isKid ? [...args.slice(0, at), `--revoke=${kid}`, ...args.slice(at + 2)] : [...args];
}

async function rotate({ rotation }: Keys, newest: StoredSigningKey | undefined): Promise<CommandResult> {
  const next = await rotation.rotate();
  if (next === null) {
    return { status: 0, output: `A new key is waiting already: it signs from ${newest?.activatesAt.toISOString() ?? 'soon'} on.` };
  }
  const output = [
    `The key ${next.kid} signs from ${next.activatesAt.toISOString()} on.`,
    'Servers publish it within seconds, and the old one until the last token that it signed has expired. Nobody is signed out.',
  ].join('\n');
  return { status: 0, output };
}

async function revoke({ rotation }: Keys, kid: string): Promise<CommandResult> {
  const revoked = await rotation.revoke(kid);
  if (revoked === null) return { status: 1, output: `There is no key "${kid}", or it was revoked already: npm run rotate-keys -- --list` };
  const { successor } = revoked;
  const output = [
    `The key ${kid} is revoked: servers refuse what it signed within seconds.`,
    successor === null ? 'It did not sign; the one that signs goes on.' : `The key ${successor.kid} signs from now on.`,
  ].join('\n');
  return { status: 0, output };
}

async function list({ repository, now }: Keys): Promise<CommandResult> {
  const keys = await repository.list();
  if (keys.length === 0) return { status: 0, output: 'There is no key yet: the server makes the first one when it starts.' };
  const inOrder = keys.filter(isInOrder);
  const [signing, published] = [signingAt(inOrder, now()), publishedAt(inOrder, now())];
  const lines = keys.map((key) => {
    const { kid, activatesAt, revokedAt } = key;
    if (revokedAt !== null) return `${kid}  revoked ${revokedAt.toISOString()}`;
    if (key === signing) return `${kid}  signs since ${activatesAt.toISOString()}`;
    if (activatesAt.getTime() > now()) return `${kid}  will sign from ${activatesAt.toISOString()} on`;
    return `${kid}  ${published.includes(key) ? 'signed before; its last tokens are still good' : 'is over'}`;
  });
  return { status: 0, output: lines.join('\n') };
}
