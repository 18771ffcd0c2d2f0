import { toInvalidInputError } from '../../../../shared/errors/invalid-input.js';
import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { sessionNotFound } from '../session-not-found.js';

export const updateSession: NonNullable<MutationResolvers['updateSession']> = async (_parent, { input }, { sessionChanges, viewer }) => {
  const result = await sessionChanges.update(viewer, input);
  switch (result.kind) {
    case 'Updated':
      return { __typename: 'SessionPayload', session: result.session };
    case 'Conflict':
      return {
        __typename: 'SessionConflictError',
        code: 'SESSION_CONFLICT',
        message: 'The session was changed in between: look at it as it is now, and try again with its version.',
        session: result.session,
      };
    case 'NotFound':
      return sessionNotFound;
    case 'InvalidInput':
      return toInvalidInputError(result);
  }
};
