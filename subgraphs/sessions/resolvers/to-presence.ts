import type { PresenceView } from '../presence/presence-view.js';

/** `Presence` of the schema. */
export function toPresence({ availability, activity, statusMessage, lastSeenAt, version, devices, visibility }: PresenceView) {
  return {
    availability,
    activity: activity === null ? null : { ...activity, since: new Date(activity.since), data: [...activity.data] },
    statusMessage,
    lastSeenAt: lastSeenAt === null ? null : new Date(lastSeenAt),
    version,
    devices,
    visibility,
  };
}
