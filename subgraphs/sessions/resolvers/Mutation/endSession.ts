import type { MutationResolvers } from '../../__generated__/resolvers.js';

export const endSession: NonNullable<MutationResolvers['endSession']> = async (_parent, { input }, { sessions, viewer }) => {
  const result = await sessions.end(viewer, input.id);
  switch (result.kind) {
    case 'Ended':
      return { __typename: 'EndSessionPayload', sessionId: result.sessionId };
    case 'NotFound':
      return {
        __typename: 'SessionNotFoundError',
        code: 'SESSION_NOT_FOUND',
        message: 'You have no live session with this id: mySessions lists those that can be ended.',
      };
  }
};
