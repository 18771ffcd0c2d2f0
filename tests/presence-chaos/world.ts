import type { Account } from './account.js';
import type { Device } from './device.js';

export type Visibility = 'EVERYONE' | 'FRIENDS' | 'NOBODY';

/** How two people stand, as far as their own answers told. */
export type Standing = { readonly kind: 'strangers' } | { readonly kind: 'friends' } | { readonly kind: 'blocked'; readonly by: string };

/** Something that a request changes; not known while it is under way. */
export interface Changing<Value> {
  readonly value: Value;
  /** Whether a request is under way that changes it. */
  readonly isChanging: boolean;
  /** When the last one was answered, in ms since the epoch. */
  readonly since: number;
}

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly account: Account;
  readonly devices: Device[];
  /** Left alone by chance: what is told of them is known exactly. */
  readonly isLeftAlone: boolean;
  visibility: Changing<Visibility>;
  isBusy: Changing<boolean>;
  /** Until when they may still be shown online, by what they have done and what was done to them. */
  mayLingerUntil: number;
}

export interface World {
  readonly people: Person[];
  standing(one: string, other: string): Changing<Standing>;
  setStanding(one: string, other: string, standing: Changing<Standing>): void;
  byId(id: string): Person | undefined;
}

export function createWorld(): World {
  const people: Person[] = [];
  const standings = new Map<string, Changing<Standing>>();
  const keyOf = (one: string, other: string) => [one, other].sort().join(' ');
  const strangers: Changing<Standing> = { value: { kind: 'strangers' }, isChanging: false, since: 0 };
  return {
    people,
    standing: (one, other) => standings.get(keyOf(one, other)) ?? strangers,
    setStanding: (one, other, standing) => void standings.set(keyOf(one, other), standing),
    byId: (id) => people.find((person) => person.id === id),
  };
}

/** Whether `viewer` may see `person` when they are online; undefined while that changes. `since`: for how long it has been so. */
export function mayBeSeen(
  world: World,
  viewer: Person,
  person: Person,
): { readonly isVisible: boolean | undefined; readonly since: number } {
  const standing = world.standing(viewer.id, person.id);
  const { visibility } = person;
  const since = Math.max(standing.since, visibility.since);
  if (standing.isChanging || visibility.isChanging) return { isVisible: undefined, since };
  const { kind } = standing.value;
  const isVisible = kind !== 'blocked' && (visibility.value === 'EVERYONE' || (visibility.value === 'FRIENDS' && kind === 'friends'));
  return { isVisible, since };
}

/** Since when the person has had a socket without a gap; null when they may be offline. */
export function liveSince(person: Person): number | null {
  const all = person.devices.flatMap((device) => device.liveSince() ?? []);
  return all.length === 0 ? null : Math.min(...all);
}

/** The same, with short gaps let pass in which the grace keeps them online. */
export function keptSince(person: Person): number | null {
  const all = person.devices.flatMap((device) => device.keptSince() ?? []);
  return all.length === 0 ? null : Math.min(...all);
}
