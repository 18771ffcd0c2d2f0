import type { QueryResolvers } from '../../__generated__/resolvers.js';

export const usernameAvailability: NonNullable<QueryResolvers['usernameAvailability']> = async (
  _parent,
  { username },
  { usernames, viewer, clientIp },
) => {
  const answer = await usernames.availability(viewer, username, clientIp);
  return answer.available ? { available: true, code: null, message: null } : answer;
};
