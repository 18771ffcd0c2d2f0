import type { MutationResolvers } from '../../__generated__/resolvers.js';

export const requestEmailVerification: NonNullable<MutationResolvers['requestEmailVerification']> = async (_parent, _args, context) => {
  context.oneCredentialCheck.claim();
  await context.emailVerification.request(context.viewer, context.clientIp);
  return {
    __typename: 'RequestEmailVerificationPayload',
    message: 'If your e-mail address is not verified yet, a mail with a link is on its way. The link works for 24 hours.',
  };
};
