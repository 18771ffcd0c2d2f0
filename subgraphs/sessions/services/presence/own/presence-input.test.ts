import { describe, expect, it } from '@jest/globals';
import { parsePresenceUpdate, type ActivityInput, type PresenceUpdateInput } from './presence-input.js';

function problemsOf(input: PresenceUpdateInput): readonly string[] {
  const result = parsePresenceUpdate(input);
  return result.kind === 'Valid' ? [] : result.problems.map(({ path, code }) => `${path} ${code}`);
}

function updateOf(input: PresenceUpdateInput) {
  const result = parsePresenceUpdate(input);
  if (result.kind === 'Invalid') throw new Error(JSON.stringify(result.problems));
  return result.update;
}

function playing(changes: Partial<ActivityInput>): PresenceUpdateInput {
  return { activity: { kind: 'IN_GAME', ...changes } };
}

function pairs(count: number, keyLength = 1, valueLength = 1) {
  return Array.from({ length: count }, () => ({ key: 'k'.repeat(keyLength), value: 'v'.repeat(valueLength) }));
}

describe('The input of updatePresence', () => {
  it.each([
    ['statusMessage', 128, (text: string) => ({ statusMessage: text })],
    ['activity.gameId', 64, (text: string) => playing({ gameId: text })],
    ['activity.text', 255, (text: string) => playing({ text })],
    ['activity.data.0.key', 64, (text: string) => playing({ data: [{ key: text, value: '' }] })],
    ['activity.data.0.value', 255, (text: string) => playing({ data: [{ key: '', value: text }] })],
  ] as const)('lets %s have %i characters and no more, whatever they take in memory', (path, limit, input) => {
    for (const character of ['x', 'é', '🦊']) {
      expect(problemsOf(input(character.repeat(limit)))).toEqual([]);
      expect(problemsOf(input(character.repeat(limit + 1)))).toEqual([`${path} TOO_LONG`]);
    }
    expect(problemsOf(input('\0'))).toEqual([`${path} INVALID_CHARACTER`]);
    expect(problemsOf(input('\uD83E'))).toEqual([`${path} INVALID_CHARACTER`]);
  });

  it('lets an activity have 32 pairs and no more', () => {
    expect(problemsOf(playing({ data: pairs(32, 64, 255) }))).toEqual([]);
    expect(problemsOf(playing({ data: pairs(33) }))).toEqual(['activity.data TOO_MANY']);
  });

  it('cannot set anybody to OFFLINE', () => {
    expect(problemsOf({ availability: 'OFFLINE' })).toEqual(['availability NOT_ALLOWED']);
  });

  it('leaves what is left out', () => {
    expect(updateOf({})).toEqual({ settings: {}, declaration: {} });
  });

  it('clears what is null', () => {
    expect(updateOf({ availability: null, statusMessage: null, activity: null, visibility: null })).toEqual({
      settings: { isBusy: false, statusMessage: null, visibility: 'EVERYONE' },
      declaration: { isAway: false, activity: null },
    });
  });

  it.each([
    ['BUSY', true, false],
    ['AWAY', false, true],
    ['ONLINE', false, false],
  ] as const)('makes %s of the user and the session', (availability, isBusy, isAway) => {
    expect(updateOf({ availability })).toEqual({ settings: { isBusy }, declaration: { isAway } });
  });

  it('takes an empty text for none, and NONE for no activity', () => {
    expect(updateOf({ statusMessage: '', activity: { kind: 'NONE', text: 'x' } })).toEqual({
      settings: { statusMessage: null },
      declaration: { activity: null },
    });
    expect(updateOf(playing({ gameId: '', joinable: null, data: null })).declaration.activity).toEqual({
      kind: 'IN_GAME',
      gameId: null,
      text: null,
      joinable: false,
      data: [],
    });
  });
});
