import { toInvalidInputError } from '../../../../shared/errors/invalid-input.js';
import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { toPresence } from '../to-presence.js';

export const updatePresence: NonNullable<MutationResolvers['updatePresence']> = async (_parent, { input }, { presence, viewer }) => {
  const result = await presence.update(viewer, input);
  switch (result.kind) {
    case 'Updated':
      return { __typename: 'PresencePayload', presence: toPresence(result.presence) };
    case 'InvalidInput':
      return toInvalidInputError(result);
  }
};
