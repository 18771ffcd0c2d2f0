import { toInvalidInputError } from '../../../../shared/errors/invalid-input.js';
import type { MutationResolvers } from '../../__generated__/resolvers.js';

export const updateProfile: NonNullable<MutationResolvers['updateProfile']> = async (_parent, { input }, { profiles, viewer }) => {
  const result = await profiles.update(viewer, input);
  switch (result.kind) {
    case 'Updated':
      return { __typename: 'UpdateProfilePayload', user: { id: result.userId } };
    case 'InvalidInput':
      return toInvalidInputError(result);
  }
};
