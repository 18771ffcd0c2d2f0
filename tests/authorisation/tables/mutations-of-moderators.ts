import { signedIn } from '../actors.js';
import { succeed } from '../stage.js';
import type { RootTable } from '../table.js';

const inCharge = (outcome: string) => signedIn('FORBIDDEN', { moderator: outcome, admin: outcome });

/** What those in charge do to others. Nobody does it to themselves without a role either. */
export const mutationsOfModerators: RootTable = {
  'Mutation.disableUser': {
    owner: 'new',
    given: ({ owner }) => ({ input: { userId: owner.id, reason: 'The matrix' } }),
    gets: inCharge('UserStatePayload'),
  },
  'Mutation.enableUser': {
    owner: 'new',
    async given({ actor, owner, stage }) {
      // A disabled owner is signed in nowhere, and could not even be refused.
      if (actor !== 'owner') await succeed(stage.others.admin, 'disableUser', 'DisableUserInput', { userId: owner.id });
      return { input: { userId: owner.id } };
    },
    gets: inCharge('UserStatePayload'),
  },
  'Mutation.endUserSessions': {
    owner: 'new',
    given: ({ owner }) => ({ input: { userId: owner.id } }),
    gets: inCharge('EndUserSessionsPayload'),
  },
  'Mutation.setUserRoles': {
    owner: 'new',
    given: ({ owner }) => ({ input: { userId: owner.id, roles: ['ADMIN'] } }),
    gets: signedIn('FORBIDDEN', { admin: 'UserStatePayload' }),
  },
};
