import { toInvalidInputError } from '../../../../shared/errors/invalid-input.js';
import type { MutationResolvers } from '../../__generated__/resolvers.js';

export const createSession: NonNullable<MutationResolvers['createSession']> = async (_parent, { input }, { sessionChanges, viewer }) => {
  const result = await sessionChanges.create(viewer, input);
  switch (result.kind) {
    case 'Created':
      return { __typename: 'CreateSessionPayload', session: result.session, created: result.created };
    case 'InvalidInput':
      return toInvalidInputError(result);
  }
};
