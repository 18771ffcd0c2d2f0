import { invalidInput, type FieldProblem, type InvalidInput } from '../../../../shared/errors/invalid-input.js';
import type { ProfileChange, ProfileVisibility } from './profile.js';

/** What a user asks to change. Absent (or undefined) leaves, null clears. */
export interface ProfileInput {
  readonly displayName?: string | null | undefined;
  readonly bio?: string | null | undefined;
  readonly locale?: string | null | undefined;
  readonly timeZone?: string | null | undefined;
  readonly profileVisibility?: ProfileVisibility | null | undefined;
}

const longestDisplayName = 64;
const longestBio = 500;
/** RFC 5646 (4.4.1) asks for 35; private subtags make longer ones. */
const longestLocale = 64;
const longestTimeZone = 64;

/** Control characters, halves of surrogate pairs, and separators of lines and paragraphs. */
const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029]/u;
const unprintableInText = /(?![\n\t])[\p{Cc}\p{Cs}]/u;
/** They turn the text around them, so that a name can pass for another, or reach beyond itself into the page. */
const turningText = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;
const visible = /[\p{L}\p{N}\p{P}\p{S}]/u;

type Parsed<Value> = { readonly kind: 'Valid'; readonly value: Value } | { readonly kind: 'Invalid'; readonly problem: FieldProblem };

/** The change that `input` asks for, as it is stored: trimmed, in Unicode's composed form, locales and time zones canonical. */
export function parseProfileInput(input: ProfileInput): { readonly kind: 'Change'; readonly change: ProfileChange } | InvalidInput {
  const displayName = parseField(input.displayName, parseDisplayName);
  const bio = parseField(input.bio, parseBio);
  const locale = parseField(input.locale, parseLocale);
  const timeZone = parseField(input.timeZone, parseTimeZone);
  const problems = [displayName, bio, locale, timeZone].flatMap((field) => (field?.kind === 'Invalid' ? [field.problem] : []));
  if (problems.length > 0) return invalidInput(problems);
  return {
    kind: 'Change',
    change: {
      ...(displayName?.kind === 'Valid' ? { displayName: displayName.value } : {}),
      ...(bio?.kind === 'Valid' ? { bio: bio.value } : {}),
      ...(locale?.kind === 'Valid' ? { locale: locale.value } : {}),
      ...(timeZone?.kind === 'Valid' ? { timeZone: timeZone.value } : {}),
      ...(input.profileVisibility === undefined ? {} : { visibility: input.profileVisibility ?? 'EVERYONE' }),
    },
  };
}

function parseField<Value>(
  given: string | null | undefined,
  parse: (text: string) => Parsed<Value | null>,
): Parsed<Value | null> | undefined {
  if (given === undefined) return undefined;
  return given === null ? { kind: 'Valid', value: null } : parse(given);
}

function parseDisplayName(given: string): Parsed<string> {
  const value = given.trim().normalize('NFC');
  const problem = (code: string, message: string) => invalid('displayName', code, message);
  if (value === '') return problem('TOO_SHORT', 'The display name must have at least 1 character.');
  if (lengthOf(value) > longestDisplayName) {
    return problem('TOO_LONG', `The display name must have at most ${String(longestDisplayName)} characters.`);
  }
  if (unprintable.test(value) || turningText.test(value)) {
    return problem('INVALID_CHARACTER', 'The display name must not hold control characters or marks that change the direction of text.');
  }
  if (!visible.test(value)) return problem('INVISIBLE', 'The display name must hold a character that can be seen.');
  return { kind: 'Valid', value };
}

function parseBio(given: string): Parsed<string | null> {
  const value = given.replace(/\r\n?/g, '\n').trim().normalize('NFC');
  if (lengthOf(value) > longestBio) return invalid('bio', 'TOO_LONG', `The bio must have at most ${String(longestBio)} characters.`);
  if (unprintableInText.test(value) || turningText.test(value)) {
    return invalid('bio', 'INVALID_CHARACTER', 'The bio must not hold control characters or marks that change the direction of text.');
  }
  return { kind: 'Valid', value: value === '' ? null : value };
}

function parseLocale(given: string): Parsed<string> {
  const canonical = given.length <= longestLocale ? canonicalLocale(given) : undefined;
  if (canonical === undefined)
    return invalid('locale', 'INVALID_LOCALE', 'The locale must be a BCP 47 language tag, such as "en" or "pt-BR".');
  return { kind: 'Valid', value: canonical };
}

function canonicalLocale(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch {
    return undefined;
  }
}

function parseTimeZone(given: string): Parsed<string> {
  const name = given.length <= longestTimeZone ? timeZoneName(given) : undefined;
  if (name === undefined)
    return invalid('timeZone', 'INVALID_TIME_ZONE', 'The time zone must be the IANA name of one, such as "Europe/Berlin" or "UTC".');
  return { kind: 'Valid', value: name };
}

/** The name with its capitals; undefined for none. Offsets are refused: newer engines take them for time zones, older ones do not. */
function timeZoneName(given: string): string | undefined {
  if (!/^[a-z]/i.test(given)) return undefined;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: given }).resolvedOptions();
    // Engines disagree about which of two names of one zone is the old one, so that the user's choice is kept.
    return timeZone.toLowerCase() === given.toLowerCase() ? timeZone : given;
  } catch {
    return undefined;
  }
}

/** In code points, as people count characters more nearly than UTF-16 does. */
function lengthOf(text: string): number {
  return Array.from(text).length;
}

function invalid(path: string, code: string, message: string): { kind: 'Invalid'; problem: FieldProblem } {
  return { kind: 'Invalid', problem: { path, code, message } };
}
