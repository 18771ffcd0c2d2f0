import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { invalidMfaTokenError } from '../second-factor-errors.js';

export const beginPasskeyLogin: NonNullable<MutationResolvers['beginPasskeyLogin']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  await context.throttles.perNetwork('passkey sign-ins', context.clientIp);
  const outcome = await context.passkeySignIn.begin(input.mfaToken);
  switch (outcome.kind) {
    case 'Begun':
      return { __typename: 'PasskeyCeremony', id: outcome.id, options: outcome.options };
    case 'InvalidMfaToken':
      return invalidMfaTokenError;
  }
};
