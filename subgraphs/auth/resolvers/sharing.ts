import type { SharingRules } from '../../../shared/graphql/sharing.js';
import type { AuthContext } from '../context.js';

/** What everyone may know of an account. All else of it is the owner's, or for those who administer accounts. */
export const sharing: SharingRules<AuthContext> = {
  User: { id: 'everyone', username: 'everyone', createdAt: 'everyone', guest: 'everyone' },
};
