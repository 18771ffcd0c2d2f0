import { signedIn } from '../actors.js';
import { freshUsername } from '../../testkit/product/person.js';
import { passwordOf } from '../second-factors.js';
import type { RootTable } from '../table.js';

/** What everybody does to their own account; nobody else can be named. */
export const mutationsOfAccounts: RootTable = {
  'Mutation.linkCredentials': {
    owner: 'the caller',
    given: () => ({ input: { username: freshUsername('linked'), password: 'a password of the matrix', email: 'linked@example.com' } }),
    gets: { owner: 'AlreadyLinkedError', guest: 'LinkCredentialsPayload', anonymous: 'UNAUTHENTICATED' },
  },
  'Mutation.changePassword': {
    owner: 'the caller',
    given: ({ caller }) => ({ input: { currentPassword: caller?.password ?? 'none', newPassword: 'another one of the matrix' } }),
    gets: { owner: 'ChangePasswordPayload', guest: 'InvalidCredentialsError', anonymous: 'UNAUTHENTICATED' },
  },
  'Mutation.changeEmail': {
    owner: 'the caller',
    given: ({ caller }) => ({ input: { email: 'changed@example.com', password: caller?.password ?? 'none' } }),
    gets: { owner: 'ChangeEmailPayload', guest: 'ChangeEmailPayload', anonymous: 'UNAUTHENTICATED' },
  },
  'Mutation.requestEmailVerification': { owner: 'the caller', gets: signedIn('RequestEmailVerificationPayload') },
  'Mutation.changeUsername': {
    owner: 'the caller',
    given: () => ({ input: { username: freshUsername('changed') } }),
    gets: signedIn('ChangeUsernamePayload'),
  },
  'Mutation.exportAccount': {
    owner: 'the caller',
    given: ({ caller }) => ({ input: passwordOf(caller) }),
    gets: signedIn('AccountExport'),
  },
  'Mutation.deleteAccount': {
    owner: 'the caller',
    given: ({ caller }) => ({ input: passwordOf(caller) }),
    gets: signedIn('AccountDeletion'),
  },
  'Mutation.cancelAccountDeletion': { owner: 'the caller', gets: signedIn('CancelAccountDeletionPayload') },
};
