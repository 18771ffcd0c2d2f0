import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { invalidRefreshTokenError } from '../invalid-refresh-token-error.js';

export const logout: NonNullable<MutationResolvers['logout']> = async (_parent, { input }, { viewer, sessionEnder }) => {
  const outcome = await sessionEnder.logout(viewer, input?.refreshToken ?? null);
  switch (outcome.kind) {
    case 'LoggedOut':
      return { __typename: 'LogoutPayload', sessionId: outcome.sessionId };
    case 'InvalidRefreshToken':
      return invalidRefreshTokenError;
  }
};
