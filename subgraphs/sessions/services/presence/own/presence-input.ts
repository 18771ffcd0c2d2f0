import type { FieldProblem } from '../../../../../shared/errors/invalid-input.js';
import type { ActivityPair, DeclaredActivity, PresenceSettings, Visibility } from '../../../presence/presence.js';
import type { PresenceUpdate } from '../presence-store.js';

/** What a client may send. Left out (undefined) = leave, null = clear. */
export interface PresenceUpdateInput {
  readonly availability?: 'ONLINE' | 'AWAY' | 'BUSY' | 'OFFLINE' | null | undefined;
  readonly statusMessage?: string | null | undefined;
  readonly activity?: ActivityInput | null | undefined;
  readonly visibility?: Visibility | null | undefined;
}

export interface ActivityInput {
  readonly kind: 'NONE' | 'LOBBY' | 'IN_GAME';
  readonly gameId?: string | null | undefined;
  readonly text?: string | null | undefined;
  readonly joinable?: boolean | null | undefined;
  readonly data?: readonly ActivityPair[] | null | undefined;
}

/** What the input asks for: of the user's own settings, and of the session's declaration. */
export interface ParsedPresenceUpdate {
  readonly settings: Partial<Omit<PresenceSettings, 'revision'>>;
  readonly declaration: Pick<PresenceUpdate, 'isAway' | 'activity'>;
}

const limits = { statusMessage: 128, gameId: 64, text: 255, pairs: 32, key: 64, value: 255 } as const;

/** Checks the input against the limits, which count characters (code points). */
export function parsePresenceUpdate(
  input: PresenceUpdateInput,
): { kind: 'Valid'; update: ParsedPresenceUpdate } | { kind: 'Invalid'; problems: readonly FieldProblem[] } {
  const problems = [...findProblems(input)];
  if (problems.length > 0) return { kind: 'Invalid', problems };
  const { availability, statusMessage, activity, visibility } = input;
  return {
    kind: 'Valid',
    update: {
      settings: {
        ...(availability === undefined ? {} : { isBusy: availability === 'BUSY' }),
        ...(statusMessage === undefined ? {} : { statusMessage: emptyToNull(statusMessage) }),
        ...(visibility === undefined ? {} : { visibility: visibility ?? 'EVERYONE' }),
      },
      declaration: {
        ...(availability === undefined ? {} : { isAway: availability === 'AWAY' }),
        ...(activity === undefined ? {} : { activity: toActivity(activity) }),
      },
    },
  };
}

function* findProblems({ availability, statusMessage, activity }: PresenceUpdateInput): Generator<FieldProblem> {
  if (availability === 'OFFLINE') {
    const message = 'Nobody can be set to OFFLINE: use goOffline, or the visibility NOBODY.';
    yield { path: 'availability', code: 'NOT_ALLOWED', message };
  }
  yield* checkText('statusMessage', statusMessage, limits.statusMessage);
  yield* checkText('activity.gameId', activity?.gameId, limits.gameId);
  yield* checkText('activity.text', activity?.text, limits.text);
  const pairs = activity?.data ?? [];
  if (pairs.length > limits.pairs) {
    yield { path: 'activity.data', code: 'TOO_MANY', message: `An activity has at most ${limits.pairs} pairs of data.` };
    return;
  }
  for (const [index, { key, value }] of pairs.entries()) {
    yield* checkText(`activity.data.${index}.key`, key, limits.key);
    yield* checkText(`activity.data.${index}.value`, value, limits.value);
  }
}

function* checkText(path: string, text: string | null | undefined, limit: number): Generator<FieldProblem> {
  if (text === null || text === undefined) return;
  // No database keeps a NUL, and no UTF-8 half a surrogate pair.
  if (/\0|\p{Surrogate}/u.test(text))
    yield { path, code: 'INVALID_CHARACTER', message: `"${path}" holds a character that no text may hold.` };
  // The cheap length first: it is never smaller than the count of code points.
  if (text.length <= limit) return;
  if (text.length <= 2 * limit && Array.from(text).length <= limit) return;
  yield { path, code: 'TOO_LONG', message: `"${path}" may have at most ${limit} characters.` };
}

function toActivity(input: ActivityInput | null): DeclaredActivity | null {
  if (input === null || input.kind === 'NONE') return null;
  return {
    kind: input.kind,
    gameId: emptyToNull(input.gameId),
    text: emptyToNull(input.text),
    joinable: input.joinable ?? false,
    data: (input.data ?? []).map(({ key, value }) => ({ key, value })),
  };
}

function emptyToNull(text: string | null | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}
