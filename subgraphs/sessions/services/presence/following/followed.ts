import type { Audience } from '../../../presence/presence.js';

/**
 * As what somebody is followed, and the version that the client was told last; 0 = none by this subscription, but perhaps by one before it.
 * Two numbers in one, because objects of them would be most of what a quiet subscription takes: small ones until 2043, of any size after.
 */
export type Followed = number;

const audiences = ['OWN', 'FRIEND', 'STRANGER'] as const;
const room = 4;

export function followedAs(audience: Audience, told: number): Followed {
  return told * room + audiences.indexOf(audience);
}

export function audienceOf(followed: Followed): Audience {
  return audiences[followed % room] ?? 'STRANGER';
}

export function toldOf(followed: Followed): number {
  return Math.floor(followed / room);
}
