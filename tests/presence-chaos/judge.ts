import type { Device } from './device.js';
import type { Told } from './told-map.js';
import { keptSince, liveSince, mayBeSeen, type Person, type World } from './world.js';

/** From the last change until everybody is told right, in ms. */
const settledMs = 2_000;
/** For a machine that does other things too. */
const leewayMs = 1_000;
const lookEveryMs = 250;
/**
 * Changes of relations come by the event bus, which one `sessions` process reads for all of them. When that one is killed or stopped, another
 * takes over once its lease of 3 s is over.
 */
export const newReaderMs = 5_000;

/** Watches every message and, four times a second, everything that clients believe. */
export interface Judge {
  onTold(viewer: Person, device: Device, told: Told): void;
  /** Something is broken on purpose; only what must hold even then is judged. */
  setBroken(isBroken: boolean): void;
  /** The machine had no time for one of the processes, from then until now. */
  onLate(from: number): void;
  /** What was found, each once. */
  readonly faults: readonly string[];
  find(what: string): void;
  /** Every time that somebody was told OFFLINE of this person, and had believed something else. */
  departures(person: Person): readonly { readonly viewer: string; readonly at: number }[];
  /** Figures for the log: so that a judge who judges nothing is noticed. */
  counts(): Readonly<Record<string, number>>;
  stop(): void;
}

export function createJudge(world: World): Judge {
  const faults = new Set<string>();
  const departures = new Map<string, readonly { viewer: string; at: number }[]>();
  const counts = { messages: 0, entries: 0, looks: 0, resyncs: 0, removals: 0, lateMs: 0 };
  let brokenUntil = 0;
  /** From the beginning of each fault until another process reads events for sure, or the fault is over. */
  const interruptions: { readonly from: number; to: number }[] = [];
  let isBroken = false;
  const began = Date.now();

  function find(what: string): void {
    faults.add(`${((Date.now() - began) / 1_000).toFixed(1)} s: ${what}`);
  }

  function onTold(viewer: Person, device: Device, told: Told): void {
    const now = Date.now();
    counts.messages += 1;
    if (told.kind === 'PresenceResync') counts.resyncs += 1;
    if (told.kind === 'PresenceRemoved') counts.removals += 1;
    for (const userId of told.left) departures.set(userId, [...(departures.get(userId) ?? []), { viewer: device.name, at: now }]);
    for (const stale of told.stale) find(`${device.name}: ${stale} in a ${told.kind}`);
    for (const entry of told.entries) {
      const person = world.byId(entry.userId);
      if (person === undefined || person === viewer) continue;
      counts.entries += 1;
      const { isVisible, since } = mayBeSeen(world, viewer, person);
      const isSettled = now > since + settledMs + leewayMs && isRelationKnown(viewer, person, now);
      const what = `${device.name} is told ${person.name} ${entry.availability} (version ${String(entry.version)}) in a ${told.kind}`;
      const mustBeHidden = isVisible === false && tidingsFrom(now) > since + settledMs && isRelationKnown(viewer, person, now);
      if (entry.availability !== 'OFFLINE' && mustBeHidden) {
        find(`PRIVACY: ${what}, whom they may not see for ${String(now - since)} ms`);
      }
      if (entry.availability !== 'OFFLINE') continue;
      const kept = keptSince(person);
      if (isVisible === true && isSettled && kept !== null && tidingsFrom(now) > kept + settledMs + leewayMs) {
        find(`FALSE OFFLINE: ${what}, who has been online for ${String(now - kept)} ms`);
      }
    }
  }

  /** From when, at the earliest, what is told now may be: a process that was stopped or cut off tells what it has missed when it goes on. */
  function tidingsFrom(now: number): number {
    const last = interruptions.at(-1);
    return last !== undefined && (isBroken || now < brokenUntil + settledMs + leewayMs) ? last.from : now;
  }

  /** Whether the change of their relation must have reached all processes. */
  function isRelationKnown(viewer: Person, person: Person, now: number): boolean {
    let known = world.standing(viewer.id, person.id).since;
    for (const { from, to } of interruptions) if (from < known + settledMs) known = Math.max(known, to);
    return now > known + settledMs;
  }

  function look(): void {
    const now = Date.now();
    if (isBroken) return;
    for (const viewer of world.people) {
      for (const device of viewer.devices) {
        const viewing = device.liveSince();
        if (viewing === null) continue;
        for (const person of world.people) if (person !== viewer) lookAt({ viewer, device, viewing, person, now });
      }
    }
  }

  function lookAt({
    viewer,
    device,
    viewing,
    person,
    now,
  }: {
    viewer: Person;
    device: Device;
    viewing: number;
    person: Person;
    now: number;
  }): void {
    const { isVisible, since } = mayBeSeen(world, viewer, person);
    const standing = world.standing(viewer.id, person.id).value.kind;
    const isFollowed = standing !== 'blocked' && (standing === 'friends' || device.following.userIds.includes(person.id));
    if (isVisible === undefined || !isRelationKnown(viewer, person, now)) return;
    counts.looks += 1;
    const entry = device.told.entries.get(person.id);
    const isShown = entry !== undefined && entry.availability !== 'OFFLINE';
    const live = liveSince(person);
    const right = (from: number) => now > Math.max(from, since, viewing, brokenUntil) + settledMs + leewayMs;
    const shown = entry === undefined ? 'nothing' : `${entry.availability} (version ${String(entry.version)})`;
    if (isVisible && isFollowed && !isShown && live !== null && right(live)) {
      find(`STALE: ${device.name} believes ${shown} of ${person.name}, who is online`);
      // Once is enough for each stretch of time.
      brokenUntil = Math.max(brokenUntil, now);
    }
    if (!isVisible && isShown && right(0)) find(`PRIVACY: ${device.name} still believes ${shown} of ${person.name}, whom they may not see`);
    if (isVisible && isShown && live === null && right(person.mayLingerUntil)) {
      find(`GHOST: ${device.name} believes ${shown} of ${person.name}, who is gone`);
      brokenUntil = Math.max(brokenUntil, now);
    }
  }

  const timer = setInterval(look, lookEveryMs);

  return {
    onTold,
    setBroken(broken) {
      const now = Date.now();
      const open = interruptions.find(({ to }) => to === Infinity);
      if (broken) interruptions.push({ from: now, to: Infinity });
      else if (open !== undefined) open.to = Math.max(now, open.from + newReaderMs);
      if (!broken) brokenUntil = now;
      isBroken = broken;
    },
    onLate(from) {
      // Within a fault it is a part of that.
      if (isBroken) return;
      const now = Date.now();
      counts.lateMs += now - from;
      interruptions.push({ from, to: now });
      brokenUntil = now;
    },
    get faults() {
      return [...faults];
    },
    find,
    departures: ({ id }) => departures.get(id) ?? [],
    counts: () => ({ ...counts }),
    stop: () => clearInterval(timer),
  };
}
