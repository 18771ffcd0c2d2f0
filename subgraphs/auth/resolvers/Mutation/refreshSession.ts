import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { toAuthPayload } from '../auth-payload.js';
import { invalidRefreshTokenError } from '../invalid-refresh-token-error.js';

export const refreshSession: NonNullable<MutationResolvers['refreshSession']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  await context.throttles.perNetwork('refreshes', context.clientIp);
  const outcome = await context.sessionRefresher.refresh(input.refreshToken);
  switch (outcome.kind) {
    case 'SignedIn':
      return toAuthPayload(outcome);
    case 'InvalidRefreshToken':
      return invalidRefreshTokenError;
  }
};
