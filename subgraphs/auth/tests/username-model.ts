import { usernameCooldownMs, usernameHoldMs } from '../services/usernames/username-holds.js';

/** People are known by the order in which they registered. */
export type UsernameCommand =
  | { readonly kind: 'register'; readonly name: string }
  | { readonly kind: 'rename'; readonly person: number; readonly name: string }
  /** Whether it could have the name: somebody, or a newcomer (null). */
  | { readonly kind: 'ask'; readonly person: number | null; readonly name: string };

export type UsernameAnswer = 'done' | 'taken' | 'free' | { readonly retryAt: number };

interface Person {
  readonly name: string;
  readonly changedAt: number | null;
}

/** The rules of names, with nothing but maps: what one person after the other asks, and what becomes of it. */
export interface UsernameModel {
  readonly people: readonly Person[];
  /** By folded name: whose it is, and until when. */
  readonly holds: ReadonlyMap<string, { readonly person: number; readonly until: number }>;
}

export const noNames: UsernameModel = { people: [], holds: new Map() };

const fold = (name: string) => name.toLowerCase();

export function answerOf(model: UsernameModel, command: UsernameCommand, now: number): { model: UsernameModel; answer: UsernameAnswer } {
  const { people, holds } = model;
  const { name } = command;
  const stays = (answer: UsernameAnswer) => ({ model, answer });
  const isOwned = (except: number | null) => people.some((person, index) => index !== except && fold(person.name) === fold(name));
  const isHeldFrom = (person: number | null) => {
    const hold = holds.get(fold(name));
    return hold !== undefined && now < hold.until && hold.person !== person;
  };

  switch (command.kind) {
    case 'ask':
      return stays(isOwned(null) || isHeldFrom(command.person) ? 'taken' : 'free');
    case 'register':
      if (isOwned(null) || isHeldFrom(null)) return stays('taken');
      return { model: { people: [...people, { name, changedAt: null }], holds }, answer: 'done' };
    case 'rename': {
      const self = command.person;
      const before = people[self];
      if (before === undefined) throw new Error(`there is no person ${String(self)}`);
      if (before.name === name) return stays('done');
      const isOtherName = fold(before.name) !== fold(name);
      const retryAt = before.changedAt === null ? -Infinity : before.changedAt + usernameCooldownMs;
      if (isOtherName && now < retryAt) return stays({ retryAt });
      if (isOwned(self) || (isOtherName && isHeldFrom(self))) return stays('taken');
      const after = { name, changedAt: isOtherName ? now : before.changedAt };
      const left = new Map(holds);
      if (isOtherName) {
        left.delete(fold(name));
        left.set(fold(before.name), { person: self, until: now + usernameHoldMs });
      }
      return { model: { people: people.with(self, after), holds: left }, answer: 'done' };
    }
  }
}
