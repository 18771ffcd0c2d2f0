import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { invalidPasswordError } from '../second-factor-errors.js';

export const removePasskey: NonNullable<MutationResolvers['removePasskey']> = async (_parent, { input }, context) => {
  context.oneCredentialCheck.claim();
  const outcome = await context.passkeyRegistration.remove(context.viewer, input);
  switch (outcome.kind) {
    case 'Removed':
      return { __typename: 'RemovePasskeyPayload', id: outcome.id };
    case 'InvalidCredentials':
      return invalidPasswordError;
    case 'NotFound':
      return { __typename: 'PasskeyNotFoundError', code: 'PASSKEY_NOT_FOUND', message: `You have no passkey "${outcome.id}".` };
  }
};
