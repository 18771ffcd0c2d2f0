import { toInvalidInputError } from '../../../../shared/errors/invalid-input.js';
import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { toUsernameTakenError } from '../username-taken-error.js';

export const linkCredentials: NonNullable<MutationResolvers['linkCredentials']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  const outcome = await context.credentialLinking.link(context.viewer, input);
  switch (outcome.kind) {
    case 'Linked':
      return { __typename: 'LinkCredentialsPayload', user: await context.accounts.reload(outcome.userId) };
    case 'AlreadyLinked':
      return {
        __typename: 'AlreadyLinkedError',
        code: 'ALREADY_LINKED',
        message: 'This account has a username and a password already: change them instead.',
      };
    case 'UsernameTaken':
      return toUsernameTakenError(outcome);
    case 'InvalidInput':
      return toInvalidInputError(outcome);
  }
};
