import { createHash, pbkdf2, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { verify as verifyArgon2 } from 'argon2';
import bcrypt from 'bcrypt';

/** What one check may cost at the most (SECURITY 4): a hash in an imported file must not be able to stop the server. */
export const costCeilings = {
  argon2: { memoryKiB: 1_048_576, passes: 10, lanes: 16 },
  bcrypt: { rounds: 15 },
  pbkdf2: { iterations: 10_000_000 },
  scrypt: { logN: 17, memoryTimesLanesKiB: 1_048_576 },
} as const;

/** A password hash of another system. */
export type LegacyHash =
  | { readonly kind: 'argon2'; readonly phc: string; readonly memoryKiB: number }
  | { readonly kind: 'derived'; readonly method: DerivationMethod; readonly digest: string };

/** How a digest is derived from a password, salt included. `text` is the method as it is stored beside a wrapped digest. */
export type DerivationMethod = { readonly text: string; readonly isWeak: boolean; readonly memoryKiB: number } & (
  | { readonly kind: 'bcrypt'; readonly salt: string }
  | { readonly kind: 'pbkdf2'; readonly algorithm: string; readonly iterations: number; readonly salt: string; readonly size: number }
  | {
      readonly kind: 'scrypt';
      readonly logN: number;
      readonly blockSize: number;
      readonly parallelism: number;
      readonly salt: Buffer;
      readonly size: number;
    }
);

export type ParsedHash = { readonly kind: 'hash'; readonly hash: LegacyHash } | { readonly kind: 'refused'; readonly reason: string };

const tooCostly = (what: string): ParsedHash => ({ kind: 'refused', reason: `${what} costs more than a sign-in may` });
const malformed = (what: string): ParsedHash => ({ kind: 'refused', reason: `this is not a well-formed ${what} hash` });
const derived = (method: DerivationMethod, digest: string): ParsedHash => ({ kind: 'hash', hash: { kind: 'derived', method, digest } });

/** The hash that the old auth service wrote: PBKDF2-HMAC-SHA256, 1,000 rounds, the salt `salt`, 64 bytes as lower-case hex. */
const oldAuth = { text: 'pbkdf2-of-old-auth', algorithm: 'sha256', iterations: 1_000, salt: 'salt', size: 64 } as const;

/** Reads a hash as other systems write it. Refuses what is unknown, malformed, or above the ceilings of cost. */
export function parseLegacyHash(text: string): ParsedHash {
  if (text.length > 1_000) return { kind: 'refused', reason: 'no password hash is this long' };
  if (text.startsWith('$argon2')) return parseArgon2(text);
  if (/^\$2[abxy]?\$/.test(text)) return parseBcrypt(text);
  if (text.startsWith('pbkdf2:')) return parsePbkdf2(text);
  if (text.startsWith('scrypt:') || text.startsWith('$scrypt$')) return parseScrypt(text);
  if (/^[0-9a-f]{128}$/.test(text)) return derived({ kind: 'pbkdf2', ...oldAuth, isWeak: true, memoryKiB: 0 }, text);
  return { kind: 'refused', reason: 'this format of password hash is not known' };
}

/** The method that `text`, the `text` of another, stands for. */
export function parseMethod(text: string): DerivationMethod | null {
  if (text === oldAuth.text) return { kind: 'pbkdf2', ...oldAuth, isWeak: true, memoryKiB: 0 };
  // Any digest of the right form: only the method is asked for.
  const hash = parseLegacyHash(text.startsWith('$2') ? text + '.'.repeat(31) : text);
  return hash.kind === 'hash' && hash.hash.kind === 'derived' ? hash.hash.method : null;
}

/** The digest that `method` makes of `password`, as typed. Runs on a thread of the pool. */
export async function derive(method: DerivationMethod, password: string): Promise<string> {
  switch (method.kind) {
    case 'bcrypt':
      return bcryptDigest(await bcrypt.hash(password, method.salt));
    case 'pbkdf2':
      return (await promisify(pbkdf2)(password, method.salt, method.iterations, method.size, method.algorithm)).toString('hex');
    case 'scrypt': {
      const { logN, blockSize, parallelism, salt, size } = method;
      return (await deriveByScrypt(password, salt, size, { N: 2 ** logN, r: blockSize, p: parallelism })).toString('hex');
    }
  }
}

export async function verifyLegacy(hash: LegacyHash, password: string): Promise<boolean> {
  if (hash.kind === 'argon2') return verifyArgon2(hash.phc, password);
  const sha256 = (digest: string) => createHash('sha256').update(digest).digest();
  return timingSafeEqual(sha256(await derive(hash.method, password)), sha256(hash.digest));
}

function parseArgon2(text: string): ParsedHash {
  const match = /^\$argon2(?:id|i|d)(?:\$v=(?:16|19))?\$([a-z0-9=,]+)\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{16,86}$/.exec(text);
  const parameters = new Map(match?.[1]?.split(',').map((entry): [string, number] => [entry.slice(0, 2), Number(entry.slice(2))]));
  const [memoryKiB, passes, lanes] = ['m=', 't=', 'p='].map((name) => parameters.get(name));
  if (parameters.size !== 3 || !isPositive(memoryKiB) || !isPositive(passes) || !isPositive(lanes)) return malformed('argon2');
  const { argon2 } = costCeilings;
  if (memoryKiB > argon2.memoryKiB || passes > argon2.passes || lanes > argon2.lanes) return tooCostly('this argon2 hash');
  return { kind: 'hash', hash: { kind: 'argon2', phc: text, memoryKiB } };
}

function parseBcrypt(text: string): ParsedHash {
  const match = /^\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})[./A-Za-z0-9]{31}$/.exec(text);
  const rounds = Number(match?.[1]);
  const salt = match?.[2];
  if (salt === undefined || !(rounds >= 4 && rounds <= 31)) return malformed('bcrypt');
  if (rounds > costCeilings.bcrypt.rounds) return tooCostly('this bcrypt hash');
  // PHP's 2y and OpenBSD's 2b are the same; 2a differs in faults of programs that nobody runs any more.
  const method = `$2b$${String(rounds).padStart(2, '0')}$${salt}`;
  return derived({ kind: 'bcrypt', text: method, salt: method, isWeak: rounds < 8, memoryKiB: 0 }, bcryptDigest(text));
}

/** Werkzeug: `pbkdf2:sha256:600000$salt$hex`. */
function parsePbkdf2(text: string): ParsedHash {
  if (/^pbkdf2:\w+\$/.test(text)) return { kind: 'refused', reason: 'this pbkdf2 hash does not say how many rounds it has' };
  const match = /^(pbkdf2:(sha1|sha256|sha512):(\d{1,10})\$([^$]{1,128})\$)([0-9a-f]{40,128})$/.exec(text);
  const [, prefix, algorithm, rounds, salt, digest] = match ?? [];
  const iterations = Number(rounds);
  if (prefix === undefined || algorithm === undefined || salt === undefined || digest === undefined || digest.length % 2 === 1) {
    return malformed('pbkdf2');
  }
  if (iterations < 1) return malformed('pbkdf2');
  if (iterations > costCeilings.pbkdf2.iterations) return tooCostly('this pbkdf2 hash');
  const size = digest.length / 2;
  // Beside a wrapped digest stands how long it is, in the form of one.
  const method = prefix + '0'.repeat(digest.length);
  return derived({ kind: 'pbkdf2', text: method, algorithm, iterations, salt, size, isWeak: iterations < 100_000, memoryKiB: 0 }, digest);
}

/** Werkzeug: `scrypt:32768:8:1$salt$hex`; PHC: `$scrypt$ln=15,r=8,p=1$salt$hash`. */
function parseScrypt(text: string): ParsedHash {
  const werkzeug = /^(scrypt:(\d{1,7}):(\d{1,3}):(\d{1,3})\$([^$]{1,128})\$)((?:[0-9a-f]{2}){16,64})$/.exec(text);
  const phc = /^(\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/.]{1,86})\$)([A-Za-z0-9+/.]{22,86})$/.exec(text);
  const [, prefix, cost, r, p, salt, encoded] = werkzeug ?? phc ?? [];
  if (prefix === undefined || salt === undefined || encoded === undefined) return malformed('scrypt');
  const logN = werkzeug === null ? Number(cost) : Math.log2(Number(cost));
  const [blockSize, parallelism] = [Number(r), Number(p)];
  if (!Number.isInteger(logN) || logN < 1 || blockSize < 1 || parallelism < 1) return malformed('scrypt');
  const { scrypt: ceiling } = costCeilings;
  const memoryKiB = (2 ** logN * blockSize * 128) / 1024;
  if (logN > ceiling.logN || memoryKiB * parallelism > ceiling.memoryTimesLanesKiB) return tooCostly('this scrypt hash');
  // Passlib writes "." for "+".
  const bytes = (base64: string) => Buffer.from(base64.replaceAll('.', '+'), 'base64');
  const digest = werkzeug === null ? bytes(encoded).toString('hex') : encoded;
  return derived(
    {
      kind: 'scrypt',
      text: prefix + (werkzeug === null ? 'A' : '0').repeat(encoded.length),
      logN,
      blockSize,
      parallelism,
      salt: werkzeug === null ? bytes(salt) : Buffer.from(salt),
      size: digest.length / 2,
      isWeak: logN < 13,
      memoryKiB,
    },
    digest,
  );
}

/** Without the salt, of whose last character only two bits count: not all programs write the other four alike. */
function bcryptDigest(hash: string): string {
  return hash.slice(-31);
}

function isPositive(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value > 0;
}

function deriveByScrypt(password: string, salt: Buffer, size: number, { N, r, p }: { N: number; r: number; p: number }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // Node refuses 32 MiB and more unless told; the ceilings bound it.
    scrypt(password, salt, size, { N, r, p, maxmem: 128 * r * (N + p + 2) * 2 }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
