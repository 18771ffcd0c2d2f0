import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { toPresence } from '../to-presence.js';

export const presenceHeartbeat: NonNullable<MutationResolvers['presenceHeartbeat']> = async (
  _parent,
  _arguments,
  { presence, viewer },
) => ({
  presence: toPresence(await presence.heartbeat(viewer)),
});
