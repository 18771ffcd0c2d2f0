import type { JWK } from 'jose';
import type { AuditRow } from '../services/audit/audit-log.js';
import type { AuthPrisma } from './prisma.js';
import { isUniqueViolation } from './unique-violation.js';

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
  /** Since when nothing that it signed counts any more; its private half is gone then. Null while it is in order. */
  readonly revokedAt: Date | null;
}

export interface SigningKeyRepository {
  /** All keys, revoked ones too, in the order of their sequence. */
  list(): Promise<readonly StoredSigningKey[]>;
  /** Keeps the key, and tells of it, unless there is one of its sequence already. */
  addUnlessPresent(key: StoredSigningKey, audit: readonly AuditRow[]): Promise<void>;
  remove(kids: readonly string[]): Promise<void>;
  /**
   * Revokes a key and adds its successor, if there is to be one. `unknown` when there is no such key that is not revoked already, `late`
   * when another process has added a key of the successor's sequence; nothing is changed then.
   */
  revoke(revocation: {
    readonly kid: string;
    readonly at: Date;
    readonly successor: StoredSigningKey | null;
    readonly audit: readonly AuditRow[];
  }): Promise<'revoked' | 'unknown' | 'late'>;
}

const sequenceConstraint = { name: 'signing_key_sequence_key', columns: ['sequence'] };
/** Thrown to roll a transaction back when there is no such key. */
const unknownKey = new Error('there is no such key');

export function createSigningKeyRepository(prisma: AuthPrisma): SigningKeyRepository {
  return {
    async list() {
      const rows = await prisma.signingKey.findMany({
        orderBy: { sequence: 'asc' },
        select: {
          kid: true,
          sequence: true,
          algorithm: true,
          publicJwk: true,
          privateJwk: true,
          createdAt: true,
          activatesAt: true,
          revokedAt: true,
        },
      });
      return rows.map(({ publicJwk, privateJwk, ...row }) => ({
        ...row,
        publicJwk: toJwk(publicJwk, row.kid),
        encryptedPrivateJwk: privateJwk,
      }));
    },

    async addUnlessPresent(key, audit) {
      await prisma.$transaction(async (tx) => {
        const added = await tx.signingKey.createMany({
          data: [toRow(key)],
          skipDuplicates: true,
        });
        if (added.count > 0) await tx.auditEvent.createMany({ data: [...audit] });
      });
    },

    async revoke({ kid, at, successor, audit }) {
      try {
        await prisma.$transaction(async (tx) => {
          const revoked = await tx.signingKey.updateMany({ where: { kid, revokedAt: null }, data: { revokedAt: at, privateJwk: '' } });
          if (revoked.count === 0) throw unknownKey;
          if (successor !== null) await tx.signingKey.createMany({ data: [toRow(successor)] });
          await tx.auditEvent.createMany({ data: [...audit] });
        });
        return 'revoked';
      } catch (error) {
        if (error === unknownKey) return 'unknown';
        if (isUniqueViolation(error, sequenceConstraint)) return 'late';
        throw error;
      }
    },

    async remove(kids) {
      await prisma.signingKey.deleteMany({ where: { kid: { in: [...kids] } } });
    },
  };
}

function toRow({ publicJwk, encryptedPrivateJwk, ...key }: StoredSigningKey) {
  return { ...key, publicJwk: { ...publicJwk }, privateJwk: encryptedPrivateJwk };
}

function toJwk(value: unknown, kid: string): JWK {
  if (typeof value !== 'object' || value === null || !('kty' in value)) throw new Error(`The signing key ${kid} has no public JWK.`);
  return value as JWK;
}
