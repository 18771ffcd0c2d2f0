import type {
  Activity,
  Audience,
  Availability,
  DeclaredActivity,
  PresenceSettings,
  PresenceState,
  PresenceVersions,
  Visibility,
} from '../../presence/presence.js';
import type { InputFields, TakenInput } from '../../presence/session-inputs.js';
import type { UserNotice } from '../../services/presence/presence-store.js';

type EncodedActivity = readonly [kind: Activity['kind'], gameId: string, since: number, rest: string];
type PerAudience = readonly [own: number, friend: number, stranger: number];

/** What the scripts write, see rules-script.ts. */
interface EncodedState {
  readonly a: Availability;
  readonly d: number;
  readonly l?: number;
  readonly g?: readonly [revision: number, busy: number, visibility: Visibility, statusMessage: string];
  readonly x?: EncodedActivity;
  readonly v: PerAudience;
}

interface EncodedUser extends EncodedState {
  readonly o: PerAudience;
}

/** An entry of a shard's stream. */
export interface StreamEntry {
  readonly epoch: string;
  /** The process that made the change. */
  readonly by: string;
  readonly told:
    | { readonly kind: 'Change'; readonly state: PresenceState; readonly changedFor: readonly Audience[] }
    | { readonly kind: 'Notice'; readonly notice: UserNotice };
}

/** The state that a script answers or a stream tells. */
export function decodeState(userId: string, json: string): PresenceState {
  return toState(userId, JSON.parse(json) as EncodedState, 0);
}

/** A user as kept; null = nothing is known. `base` is the lowest version of the shard. */
export function decodeUser(
  userId: string,
  json: string | null,
  base: number,
): { state: PresenceState; /** Of the last change that the audience saw. */ offsetFor(audience: Audience): number } {
  const user: EncodedUser = json === null ? { a: 'OFFLINE', d: 0, v: [base, base, base], o: [0, 0, 0] } : (JSON.parse(json) as EncodedUser);
  const [own, friend, stranger] = user.o;
  const offsets = { OWN: own, FRIEND: friend, STRANGER: stranger };
  return { state: toState(userId, user, base), offsetFor: (audience) => offsets[audience] };
}

export function decodeEntry(fields: readonly string[]): StreamEntry {
  const values = new Map<string, string>();
  for (let index = 0; index + 1 < fields.length; index += 2) values.set(fields[index] ?? '', fields[index + 1] ?? '');
  const [epoch = '', by = '', notice] = ['epoch', 'by', 'notice'].map((name) => values.get(name));
  if (notice !== undefined) return { epoch, by, told: { kind: 'Notice', notice: JSON.parse(notice) as UserNotice } };
  const changed = values.get('for') ?? '';
  const changedFor = (['OWN', 'FRIEND', 'STRANGER'] as const).filter((audience) => changed.includes(audience.charAt(0)));
  return { epoch, by, told: { kind: 'Change', state: decodeState(values.get('of') ?? '', values.get('state') ?? ''), changedFor } };
}

/** Four arguments of a script; the first is empty when there are none. */
export function encodeSettings(settings: PresenceSettings | undefined): readonly (string | number)[] {
  if (settings === undefined) return ['', '', '', ''];
  return [settings.revision, settings.isBusy ? 1 : 0, settings.visibility, JSON.stringify(settings.statusMessage)];
}

/** Three arguments of a script: undefined leaves the activity as it is, null ends it. */
export function encodeActivity(activity: DeclaredActivity | null | undefined): readonly [kind: string, gameId: string, rest: string] {
  if (activity === undefined) return ['', '', ''];
  if (activity === null) return ['NONE', '', ''];
  const { kind, gameId, text, joinable, data } = activity;
  return [kind, JSON.stringify(gameId), JSON.stringify({ text, joinable, data: data.map(({ key, value }) => ({ key, value })) })];
}

/** An argument of a script; empty when there is none. */
export function encodeInput(fields: InputFields | null): string {
  return fields === null ? '' : JSON.stringify({ s: fields.session, u: fields.user });
}

/** What `takeInputScript` answers. */
export function decodeInput([kind, json, waitMs]: readonly [kind: string, json?: string, waitMs?: number]): TakenInput {
  if (kind === 'Unknown' || kind === 'Nothing') return { kind };
  const { s, u } = JSON.parse(json ?? '') as { readonly s: InputFields['session']; readonly u: InputFields['user'] };
  const fields = { session: s, user: u };
  return kind === 'Now' ? { kind, fields } : { kind: 'Later', fields, waitMs: waitMs ?? 0 };
}

function toState(userId: string, { a, d, l, g, x, v }: EncodedState, base: number): PresenceState {
  return {
    userId,
    availability: a,
    activity: x === undefined ? null : decodeActivity(x),
    devices: d,
    lastSeenAt: l ?? null,
    settings: g === undefined ? null : decodeSettings(g),
    versions: toVersions(v, base),
  };
}

function toVersions([own, friend, stranger]: PerAudience, base: number): PresenceVersions {
  return { own: Math.max(own, base), friend: Math.max(friend, base), stranger: Math.max(stranger, base) };
}

function decodeActivity([kind, gameId, since, rest]: EncodedActivity): Activity {
  const { text, joinable, data } = JSON.parse(rest) as Pick<Activity, 'text' | 'joinable' | 'data'>;
  return { kind, gameId: JSON.parse(gameId) as string | null, text, joinable, since, data };
}

function decodeSettings([revision, busy, visibility, statusMessage]: NonNullable<EncodedState['g']>): PresenceSettings {
  return { revision, isBusy: busy === 1, statusMessage: JSON.parse(statusMessage) as string | null, visibility };
}
