/** So many inputs of one session take effect in so many ms (P6). */
export const quotaInputs = 5;
export const quotaMs = 20_000;

type Fields = Readonly<Record<string, string>>;

/** What one or more inputs ask for, by name: JSON texts. A later one replaces an earlier one of the same name. */
export interface InputFields {
  readonly session: Fields;
  /** Of the user, whichever session says it last. */
  readonly user: Fields;
}

/** The latest inputs of one session. */
interface SessionInputs {
  /** When the last ones took effect, the longest ago first. */
  readonly times: readonly number[];
  /** What came on top, merged into one. */
  readonly waiting: InputFields | null;
}

/** The latest inputs of one user, by session. */
export type UserInputs = ReadonlyMap<string, SessionInputs>;

export type TakenInput =
  /** These take effect now. */
  | { readonly kind: 'Now'; readonly fields: InputFields }
  /** These do so in `waitMs`, with what else comes until then. */
  | { readonly kind: 'Later'; readonly fields: InputFields; readonly waitMs: number }
  /** Nothing waits; it was taken before. */
  | { readonly kind: 'Nothing' }
  /** Nothing is known of inputs of this session lately. */
  | { readonly kind: 'Unknown' };

export interface InputAllowance {
  readonly now: number;
  /** So many may take effect in any span of `quotaMs`. */
  readonly most: number;
}

/** One more input of the session, or (null) only what waits of it. */
export function takeInput(
  all: UserInputs,
  sessionId: string,
  given: InputFields | null,
  { now, most }: InputAllowance,
): { readonly all: UserInputs; readonly taken: TakenInput } {
  const known = all.get(sessionId);
  if (given === null && known === undefined) return { all, taken: { kind: 'Unknown' } };
  if (given === null && known?.waiting === null) return { all, taken: { kind: 'Nothing' } };
  const { times = [], waiting } = known ?? {};
  const fields = {
    session: { ...waiting?.session, ...given?.session },
    user: { ...waiting?.user, ...given?.user },
  };
  const counted = times.filter((time) => time > now - quotaMs);
  const isNow = counted.length < most;
  const mine: SessionInputs = isNow ? { times: [...counted, now], waiting: null } : { times: counted, waiting: fields };
  const others = [...all].filter(([id]) => id !== sessionId).map(([id, other]) => [id, withoutUser(other, given)] as const);
  return {
    all: new Map([...others.filter(([, other]) => isOfInterest(other, now)), [sessionId, mine]]),
    taken: isNow ? { kind: 'Now', fields } : { kind: 'Later', fields, waitMs: (counted[0] ?? now) + quotaMs - now },
  };
}

/** What another session has said of the user since is not to be undone later. */
function withoutUser({ times, waiting }: SessionInputs, given: InputFields | null): SessionInputs {
  if (waiting === null || given === null) return { times, waiting };
  const user = Object.fromEntries(Object.entries(waiting.user).filter(([name]) => !(name in given.user)));
  return { times, waiting: { ...waiting, user } };
}

function isOfInterest({ times, waiting }: SessionInputs, now: number): boolean {
  return waiting !== null || times.some((time) => time > now - quotaMs);
}
