/**
 * Who asks, seen from the owner of what is asked for. `blocked` was blocked by the owner, `blocker` has blocked the owner. The guest, the
 * moderator and the administrator are otherwise strangers.
 */
export const actors = ['owner', 'friend', 'stranger', 'blocked', 'blocker', 'guest', 'moderator', 'admin', 'anonymous'] as const;
export type Actor = (typeof actors)[number];

/**
 * What an actor gets, as tests see it from outside:
 * - `'value'`: something is there; of an enum or a Boolean the value itself, for example `'ONLINE'` or `'false'`;
 * - `'the owner'`, `'the caller'`: the value is that person, or their id; on oneself both are true;
 * - `'null'`; `'nobody'` when the way to the object already ends before it;
 * - `'shown'`, `'not shown'`: a list with or without what is the owner's;
 * - the code of a refusal, for example `'UNAUTHENTICATED'`;
 * - the `__typename` of a result, for example `'UserNotFoundError'`.
 */
export type Outcome = string;

/** What everyone gets; `others` are all whom the entry does not name. */
export type Expected = Readonly<Partial<Record<Actor | 'others', Outcome>>>;

export const everyone = (outcome: Outcome): Expected => ({ others: outcome });

/** For people with an account the first, for an anonymous caller `UNAUTHENTICATED`. */
export const signedIn = (outcome: Outcome, exceptions: Expected = {}): Expected => ({
  others: outcome,
  anonymous: 'UNAUTHENTICATED',
  ...exceptions,
});

export function expectedFor(actor: Actor, expected: Expected): Outcome {
  const outcome = expected[actor] ?? expected.others;
  if (outcome === undefined) throw new Error(`The entry does not say what the ${actor} gets`);
  return outcome;
}
