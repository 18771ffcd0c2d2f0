import type { MutationResolvers } from '../../__generated__/resolvers.js';

export const beginPasskeyConfirmation: NonNullable<MutationResolvers['beginPasskeyConfirmation']> = async (
  _parent,
  _arguments,
  context,
) => {
  context.oneCredentialCheck.claim();
  await context.throttles.perNetwork('passkey sign-ins', context.clientIp);
  const outcome = await context.passkeyConfirmation.begin(context.viewer);
  switch (outcome.kind) {
    case 'Begun':
      return { __typename: 'PasskeyCeremony', id: outcome.id, options: outcome.options };
    case 'NoPasskey':
      return { __typename: 'PasskeyNotFoundError', code: 'PASSKEY_NOT_FOUND', message: 'This account has no passkey.' };
  }
};
