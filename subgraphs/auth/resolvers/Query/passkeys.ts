import type { QueryResolvers } from '../../__generated__/resolvers.js';

export const passkeys: NonNullable<QueryResolvers['passkeys']> = async (_parent, _arguments, { viewer, passkeyRegistration }) => [
  ...(await passkeyRegistration.list(viewer)),
];
