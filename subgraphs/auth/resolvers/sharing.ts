import type { SharingRule, SharingRules } from '../../../shared/graphql/sharing/sharing.js';
import type { AuthContext } from '../context.js';

const audience: SharingRule<AuthContext> = ({ id }, context) => context.audience.load(id);

/**
 * What everyone may know of an account that exists for them. All else of it is the owner's, or for those who administer accounts.
 */
export const sharing: SharingRules<AuthContext> = {
  User: { id: audience, username: audience, createdAt: audience, guest: audience },
};
