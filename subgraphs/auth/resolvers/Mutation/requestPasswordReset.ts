import type { MutationResolvers } from '../../__generated__/resolvers.js';

export const requestPasswordReset: NonNullable<MutationResolvers['requestPasswordReset']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  await context.passwordReset.request({ identifier: input.identifier, clientIp: context.clientIp });
  return {
    __typename: 'RequestPasswordResetPayload',
    message: 'If there is such an account with a verified e-mail address, a mail with a link is on its way. The link works for 30 minutes.',
  };
};
