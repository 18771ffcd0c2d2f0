import type { Role } from '../../../../shared/auth/role.js';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import type { Account } from '../../data/account-repository.js';

/** An account as one particular caller may see it: what they may not see is null. */
export interface VisibleUser {
  readonly id: string;
  readonly username: string;
  readonly createdAt: Date;
  readonly email: string | null;
  readonly roles: Role[] | null;
  readonly mfaEnabled: boolean | null;
}

/** The account as its owner sees it. */
export function visibleToOwner({ id, username, email, roles, createdAt }: Account): VisibleUser {
  return { id, username, createdAt, email, roles: [...roles], mfaEnabled: false };
}

/** The account as `viewer` sees it: e-mail and second factor are the owner's alone, roles the owner's and the administrators'. */
export function visibleTo(viewer: Viewer | null, account: Account): VisibleUser {
  if (viewer?.userId === account.id) return visibleToOwner(account);
  const seesRoles = viewer?.roles.includes('ADMIN') === true;
  return { ...visibleToOwner(account), email: null, mfaEnabled: null, roles: seesRoles ? [...account.roles] : null };
}
