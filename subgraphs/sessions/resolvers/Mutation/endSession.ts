import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { sessionNotFound } from '../session-not-found.js';

export const endSession: NonNullable<MutationResolvers['endSession']> = async (_parent, { input }, { sessionEnds, viewer }) => {
  const result = await sessionEnds.end(viewer, input.id);
  switch (result.kind) {
    case 'Ended':
      return { __typename: 'EndSessionPayload', sessionId: result.sessionId };
    case 'NotFound':
      return sessionNotFound;
  }
};
