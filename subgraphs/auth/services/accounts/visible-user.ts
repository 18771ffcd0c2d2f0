import type { Role } from '../../../../shared/auth/role.js';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import type { Account } from '../../data/account-repository.js';

/** An account as one particular caller may see it: what they may not see is null. */
export interface VisibleUser {
  readonly id: string;
  readonly username: string;
  readonly createdAt: Date;
  readonly guest: boolean;
  readonly email: string | null;
  readonly emailVerified: boolean | null;
  readonly roles: Role[] | null;
  /** Whether it is the caller's own, who alone may know whether it asks for a second factor. */
  readonly isOwn: boolean;
  readonly disabledAt: Date | null;
  readonly deletesAt: Date | null;
}

/** The account as its owner sees it. */
export function visibleToOwner(account: Account): VisibleUser {
  const { id, username, email, emailVerifiedAt, roles, createdAt, isGuest, deletesAt } = account;
  return {
    id,
    username,
    createdAt,
    guest: isGuest,
    email,
    emailVerified: email === null ? null : emailVerifiedAt !== null,
    roles: [...roles],
    isOwn: true,
    // The owner of a disabled account is signed in nowhere.
    disabledAt: null,
    deletesAt,
  };
}

/**
 * The account as `viewer` sees it: e-mail address, second factor and coming end are the owner's alone; roles are for the owner and
 * administrators, and whether it is disabled for administrators and moderators.
 */
export function visibleTo(viewer: Viewer | null, account: Account): VisibleUser {
  if (viewer?.userId === account.id) return visibleToOwner(account);
  const isAdmin = viewer?.roles.includes('ADMIN') === true;
  const isModerator = viewer?.roles.includes('MODERATOR') === true;
  return {
    id: account.id,
    username: account.username,
    createdAt: account.createdAt,
    guest: account.isGuest,
    email: null,
    emailVerified: null,
    roles: isAdmin ? [...account.roles] : null,
    isOwn: false,
    disabledAt: isAdmin || isModerator ? account.disabledAt : null,
    deletesAt: null,
  };
}
