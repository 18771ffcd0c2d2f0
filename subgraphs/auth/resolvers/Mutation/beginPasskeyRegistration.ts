import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { invalidPasswordError } from '../second-factor-errors.js';

export const beginPasskeyRegistration: NonNullable<MutationResolvers['beginPasskeyRegistration']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  const outcome = await context.passkeyRegistration.begin(context.viewer, input);
  switch (outcome.kind) {
    case 'Begun':
      return { __typename: 'PasskeyCeremony', id: outcome.id, options: outcome.options };
    case 'InvalidCredentials':
      return invalidPasswordError;
  }
};
