import { describe, expect, it } from '@jest/globals';
import { absentUser, withRenewedVersions } from '../../presence/user-presence.js';
import { createLastKnownStates } from './last-known-states.js';

function state(userId: string, version: number) {
  return absentUser(userId, version).state;
}

describe('What was last known of users', () => {
  it('is the newest of what was told, in whatever order', () => {
    const known = createLastKnownStates();
    known.remember(state('ada', 2));
    known.remember(state('ada', 1));
    expect(known.find('ada')?.versions.own).toBe(2);
    known.remember(state('ada', 3));
    expect(known.find('ada')?.versions.own).toBe(3);
    expect(known.find('bob')).toBeUndefined();
  });

  it('is what has the renewed versions, which the user does not see', () => {
    const known = createLastKnownStates();
    const user = absentUser('ada', 2);
    known.remember(withRenewedVersions(user).state);
    known.remember(user.state);
    expect(known.find('ada')?.versions).toEqual({ own: 2, friend: 3, stranger: 3 });
    known.forget('ada');
    expect(known.find('ada')).toBeUndefined();
  });

  it('is kept of so many users, those told of longest ago first forgotten', () => {
    const known = createLastKnownStates(2);
    for (const userId of ['ada', 'bob', 'ada', 'eve']) known.remember(state(userId, 1));
    expect(['ada', 'bob', 'eve'].map((userId) => known.find(userId)?.userId)).toEqual(['ada', undefined, 'eve']);
  });

  it('is worth nothing when the store has lost its state', () => {
    const known = createLastKnownStates();
    known.remember(state('ada', 2));
    known.clear();
    expect(known.find('ada')).toBeUndefined();
  });
});
