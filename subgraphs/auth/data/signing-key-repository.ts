import type { JWK } from 'jose';
import type { AuditRow } from '../services/audit/audit-log.js';
import type { AuthPrisma } from './prisma.js';

export interface StoredSigningKey {
  readonly kid: string;
  /** 1 for the first key, one more with each rotation. */
  readonly sequence: number;
  readonly algorithm: string;
  readonly publicJwk: JWK;
  /** The private JWK as a compact JWE. */
  readonly encryptedPrivateJwk: string;
  /** Since when it is published. */
  readonly createdAt: Date;
  /** Since when it signs. */
  readonly activatesAt: Date;
}

export interface SigningKeyRepository {
  /** All keys, in the order of their sequence. */
  list(): Promise<readonly StoredSigningKey[]>;
  /** Keeps the key, and tells of it, unless there is one of its sequence already. */
  addUnlessPresent(key: StoredSigningKey, audit: readonly AuditRow[]): Promise<void>;
  remove(kids: readonly string[]): Promise<void>;
}

export function createSigningKeyRepository(prisma: AuthPrisma): SigningKeyRepository {
  return {
    async list() {
      const rows = await prisma.signingKey.findMany({
        orderBy: { sequence: 'asc' },
        select: { kid: true, sequence: true, algorithm: true, publicJwk: true, privateJwk: true, createdAt: true, activatesAt: true },
      });
      return rows.map(({ publicJwk, privateJwk, ...row }) => ({
        ...row,
        publicJwk: toJwk(publicJwk, row.kid),
        encryptedPrivateJwk: privateJwk,
      }));
    },

    async addUnlessPresent({ publicJwk, encryptedPrivateJwk, ...key }, audit) {
      await prisma.$transaction(async (tx) => {
        const added = await tx.signingKey.createMany({
          data: [{ ...key, publicJwk: { ...publicJwk }, privateJwk: encryptedPrivateJwk }],
          skipDuplicates: true,
        });
        if (added.count > 0) await tx.auditEvent.createMany({ data: [...audit] });
      });
    },

    async remove(kids) {
      await prisma.signingKey.deleteMany({ where: { kid: { in: [...kids] } } });
    },
  };
}

function toJwk(value: unknown, kid: string): JWK {
  if (typeof value !== 'object' || value === null || !('kty' in value)) throw new Error(`The signing key ${kid} has no public JWK.`);
  return value as JWK;
}
