import type { PresenceView } from '../presence/presence-view.js';
import { toPresence } from './to-presence.js';

/** `PresenceEntry` of the schema. */
export function toPresenceEntry(view: PresenceView) {
  return { ...toPresence(view), user: { id: view.userId } };
}
