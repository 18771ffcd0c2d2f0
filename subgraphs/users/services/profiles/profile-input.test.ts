import { describe, expect, it } from '@jest/globals';
import { parseProfileInput, type ProfileInput } from './profile-input.js';

function problems(input: ProfileInput): string[] {
  const parsed = parseProfileInput(input);
  return parsed.kind === 'InvalidInput' ? parsed.fields.map(({ path, code }) => `${path} ${code}`) : [];
}

function change(input: ProfileInput) {
  const parsed = parseProfileInput(input);
  if (parsed.kind === 'InvalidInput') throw new Error(JSON.stringify(parsed.fields));
  return parsed.change;
}

describe('A display name', () => {
  it.each([
    ['is empty', '', 'TOO_SHORT'],
    ['is blank', ' \u00A0\t\u3000', 'TOO_SHORT'],
    ['has 65 characters', 'a'.repeat(65), 'TOO_LONG'],
    ['has 65 emoji', '😀'.repeat(65), 'TOO_LONG'],
    ['holds a line break', 'Ada\nLovelace', 'INVALID_CHARACTER'],
    ['holds a NUL', 'Ada\0', 'INVALID_CHARACTER'],
    ['holds a C1 control character', 'Ada\u0085Lovelace', 'INVALID_CHARACTER'],
    ['holds half a surrogate pair', 'Ada\uD83D', 'INVALID_CHARACTER'],
    ['turns the text around', 'admin\u202Egnp.exe', 'INVALID_CHARACTER'],
    ['isolates the text', 'admin\u2066x', 'INVALID_CHARACTER'],
    ['holds nothing that can be seen', '\u200B\u200D', 'INVISIBLE'],
  ])('is refused when it %s', (_what, displayName, code) => {
    expect(problems({ displayName })).toEqual([`displayName ${code}`]);
  });

  it.each([
    ['1 character', 'a'],
    ['64 characters', 'a'.repeat(64)],
    ['64 emoji, which are 128 units of UTF-16', '😀'.repeat(64)],
    ['an emoji of several joined ones', '👩‍👩‍👧'],
    ['letters from right to left', 'עדה'],
    ['__proto__', '__proto__'],
    ['marks of HTML', '<b>Ada</b>'],
  ])('may be %s', (_what, displayName) => {
    expect(change({ displayName })).toEqual({ displayName });
  });

  it('is trimmed before it is measured, and stored in composed form', () => {
    expect(change({ displayName: `  ${'a'.repeat(64)} ` })).toEqual({ displayName: 'a'.repeat(64) });
    expect(change({ displayName: 'Ame\u0301lie' })).toEqual({ displayName: 'Am\u00E9lie' });
  });
});

describe('A bio', () => {
  it.each([
    ['has 501 characters', 'a'.repeat(501), 'TOO_LONG'],
    ['holds a NUL', 'a\0b', 'INVALID_CHARACTER'],
    ['holds an escape sequence', 'a\u001B[31mb', 'INVALID_CHARACTER'],
    ['turns the text around', 'a\u202Eb', 'INVALID_CHARACTER'],
  ])('is refused when it %s', (_what, bio, code) => {
    expect(problems({ bio })).toEqual([`bio ${code}`]);
  });

  it('may have 500 characters, lines and tabs', () => {
    expect(change({ bio: '😀'.repeat(500) })).toEqual({ bio: '😀'.repeat(500) });
    expect(change({ bio: 'one\r\ntwo\n\tthree' })).toEqual({ bio: 'one\ntwo\n\tthree' });
  });

  it('is cleared by blank text', () => {
    expect(change({ bio: '  ' })).toEqual({ bio: null });
  });
});

describe('A locale', () => {
  it.each(['', 'english language', 'e', 'en_US', 'en-', '*', `en-x-${'abcdefgh-'.repeat(7)}abcde`])(
    'is refused when it is %j',
    (locale) => {
      expect(problems({ locale })).toEqual(['locale INVALID_LOCALE']);
    },
  );

  it.each([
    ['en', 'en'],
    ['PT-br', 'pt-BR'],
    ['zh-hant-tw', 'zh-Hant-TW'],
    ['iw', 'he'],
  ])('%s is stored as %s', (locale, canonical) => {
    expect(change({ locale })).toEqual({ locale: canonical });
  });
});

describe('A time zone', () => {
  it.each([
    '',
    ' ',
    'Europe',
    'Europe/Atlantis',
    '+01:00',
    '-05',
    'Europe/Berlin ',
    `Europe/${'a'.repeat(64)}`,
    '__proto__',
    'Europe/Berlin\0',
  ])('is refused when it is %j', (timeZone) => {
    expect(problems({ timeZone })).toEqual(['timeZone INVALID_TIME_ZONE']);
  });

  it.each([
    ['Europe/Berlin', 'Europe/Berlin'],
    ['europe/berlin', 'Europe/Berlin'],
    ['utc', 'UTC'],
    // Two names of one zone: the one that was chosen stays.
    ['Europe/Kyiv', 'Europe/Kyiv'],
    ['Europe/Kiev', 'Europe/Kiev'],
    ['America/Argentina/Buenos_Aires', 'America/Argentina/Buenos_Aires'],
  ])('%s is stored as %s', (timeZone, stored) => {
    expect(change({ timeZone })).toEqual({ timeZone: stored });
  });
});

describe('A change of the profile', () => {
  it('leaves what is absent', () => {
    expect(change({})).toEqual({});
    expect(change({ displayName: undefined, bio: undefined, locale: undefined, profileVisibility: undefined })).toEqual({});
  });

  it('clears what is null', () => {
    expect(change({ displayName: null, bio: null, locale: null, timeZone: null, profileVisibility: null })).toEqual({
      displayName: null,
      bio: null,
      locale: null,
      timeZone: null,
      visibility: 'EVERYONE',
    });
  });

  it('is refused with all of its problems, in the order of the input', () => {
    expect(problems({ displayName: '', bio: 'a'.repeat(501), locale: '?', timeZone: '?' })).toEqual([
      'displayName TOO_SHORT',
      'bio TOO_LONG',
      'locale INVALID_LOCALE',
      'timeZone INVALID_TIME_ZONE',
    ]);
  });
});
