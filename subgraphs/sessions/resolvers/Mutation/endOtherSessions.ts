import type { MutationResolvers } from '../../__generated__/resolvers.js';

export const endOtherSessions: NonNullable<MutationResolvers['endOtherSessions']> = async (
  _parent,
  _arguments,
  { sessionEnds, viewer },
) => ({
  sessionIds: [...(await sessionEnds.endOthers(viewer))],
});
