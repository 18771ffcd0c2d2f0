import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { toUserNotFoundError } from '../user-not-found-error.js';

export const endUserSessions: NonNullable<MutationResolvers['endUserSessions']> = async (_parent, { input }, { moderation, viewer }) => {
  const outcome = await moderation.endSessions(viewer, input.userId);
  switch (outcome.kind) {
    case 'Done':
      return { __typename: 'EndUserSessionsPayload', endedSessions: outcome.endedSessions };
    case 'UserNotFound':
      return toUserNotFoundError(outcome);
  }
};
