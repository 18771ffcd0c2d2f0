import type { Viewer } from '../../../../shared/auth/viewer.js';
import { unauthenticated } from '../../../../shared/errors/app-error.js';
import { byOwner, type AuditLog, type AuditRow } from '../audit/audit-log.js';
import type { Reauthentication } from '../passwords/reauthentication.js';

/** Everything that auth keeps about a person, without its secrets. */
interface ExportedAccount {
  readonly id: string;
  readonly username: string;
  readonly email: string | null;
  readonly emailVerifiedAt: Date | null;
  readonly roles: readonly string[];
  readonly createdAt: Date;
  readonly guest: boolean;
  readonly usernameChangedAt: Date | null;
  readonly deletesAt: Date | null;
  readonly credentials: readonly { readonly kind: string; readonly createdAt: Date; readonly updatedAt: Date }[];
  readonly authenticatorApp: { readonly confirmedAt: Date | null } | null;
  readonly recoveryCodesLeft: number;
  readonly passkeys: readonly { readonly name: string; readonly createdAt: Date; readonly lastUsedAt: Date | null }[];
  readonly devices: readonly { readonly createdAt: Date }[];
  readonly knownDevices: readonly { readonly firstAt: Date; readonly lastAt: Date }[];
  readonly signIns: readonly {
    readonly sessionId: string;
    readonly device: string | null;
    readonly amr: readonly string[];
    readonly createdAt: Date;
    readonly lastUsedAt: Date;
    readonly endedAt: Date | null;
    readonly endReason: string | null;
  }[];
  readonly auditLog: readonly AuditRow[];
}

export interface AccountExportRepository {
  /** Null when there is no such account. */
  read(accountId: string): Promise<ExportedAccount | null>;
}

type ExportOutcome =
  | { readonly kind: 'Exported'; readonly userId: string; readonly createdAt: Date; readonly account: ExportedAccount }
  | { readonly kind: 'InvalidCredentials' };

export interface AccountExport {
  /** All that auth keeps about the viewer. Throws `UNAUTHENTICATED` for an anonymous viewer. */
  export(viewer: Viewer | null, password: string | null): Promise<ExportOutcome>;
}

export function createAccountExport({
  exports,
  reauthentication,
  auditLog,
  now = Date.now,
}: {
  exports: AccountExportRepository;
  reauthentication: Reauthentication;
  auditLog: Pick<AuditLog, 'record'>;
  now?: () => number;
}): AccountExport {
  return {
    async export(viewer, password) {
      if (viewer === null) throw unauthenticated();
      if (!(await reauthentication.reauthenticate(viewer, password, 'exportAccount'))) return { kind: 'InvalidCredentials' };
      await auditLog.record({ action: 'ACCOUNT_EXPORTED', ...byOwner(viewer) });
      const account = await exports.read(viewer.userId);
      if (account === null) throw unauthenticated();
      return { kind: 'Exported', userId: account.id, createdAt: new Date(now()), account };
    },
  };
}
