import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { toPresence } from '../to-presence.js';

export const goOffline: NonNullable<MutationResolvers['goOffline']> = async (_parent, _arguments, { presence, viewer }) => ({
  presence: toPresence(await presence.goOffline(viewer)),
});
