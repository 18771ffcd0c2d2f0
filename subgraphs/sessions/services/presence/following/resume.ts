import type { PresenceState } from '../../../presence/presence.js';
import { clockMarginMs, decodeCursor } from './presence-cursor.js';
import type { PresenceReader } from '../presence-reader.js';
import type { PresenceStore } from '../presence-store.js';
import type { FirstMessage } from './presence-subscription.js';
import type { RecentRelation, RelationHistory } from '../relations.js';
import { asksFor, type Following, type Sight } from './sight.js';

/** How long a change of relation may take from the database to every subscription, and how far clocks may be apart, in ms. */
const relationMarginMs = clockMarginMs;

export interface ResumeRequest {
  readonly viewerId: string;
  readonly following: Following;
  readonly requestHash: string;
  /** Null = from the beginning. */
  readonly since: string | null;
  /** The request named somebody who has no account, or has one no more: nobody knows which. */
  readonly namesNobody: boolean;
}

export interface PresenceResume {
  /** Everyone, anew. */
  snapshot(kind: 'Snapshot' | 'Resync', sight: Sight): Promise<FirstMessage>;
  /** Every difference since the cursor, if it can be resumed; everyone otherwise. */
  first(sight: Sight, request: ResumeRequest): Promise<FirstMessage>;
}

export function createPresenceResume({
  store,
  history,
  reader,
  now,
}: {
  readonly store: PresenceStore;
  readonly history: RelationHistory;
  readonly reader: PresenceReader;
  readonly now: () => number;
}): PresenceResume {
  async function snapshot(kind: 'Snapshot' | 'Resync', sight: Sight): Promise<FirstMessage> {
    return { kind, ...(await reader.read(sight)) };
  }

  async function first(sight: Sight, request: ResumeRequest): Promise<FirstMessage> {
    const { since, viewerId, requestHash } = request;
    if (since === null) return snapshot('Snapshot', sight);
    const cursor = decodeCursor(since, { epoch: store.heard().epoch, requestHash, now: now() });
    switch (cursor.kind) {
      case 'Unknown':
        return snapshot('Resync', sight);
      case 'Unreadable':
      case 'TooOld':
      case 'OtherRequest':
        return snapshot('Snapshot', sight);
      case 'Moment':
        break;
    }
    // The client may have to forget somebody who has left nothing behind.
    if (request.namesNobody) return snapshot('Snapshot', sight);
    const [changes, recent] = await Promise.all([
      store.readChanges(sight.audiences, cursor.moment),
      history.since(viewerId, cursor.issuedAt - relationMarginMs),
    ]);
    switch (changes.kind) {
      case 'TooOld':
        return snapshot('Snapshot', sight);
      case 'UnknownEpoch':
        return snapshot('Resync', sight);
      case 'Changes':
        if (request.following.friends && recent.some(({ otherId }) => otherId === null)) return snapshot('Snapshot', sight);
        return withRelations(sight, request, { moment: changes.moment, states: await reader.complete(changes.states) }, recent);
    }
  }

  /** Adds everyone whom the viewer sees with other eyes than at the cursor, or no more at all. */
  async function withRelations(
    { audiences }: Sight,
    { following }: ResumeRequest,
    changes: Pick<FirstMessage, 'moment' | 'states'>,
    recent: readonly RecentRelation[],
  ): Promise<FirstMessage> {
    const concerned = recent.flatMap(({ otherId, wereFriends }) =>
      otherId !== null && asksFor(following, otherId) ? [{ userId: otherId, wereFriends }] : [],
    );
    const seen = concerned.filter(({ userId }) => audiences.has(userId));
    // Somebody who only asks for friends must not learn who else has blocked them.
    const removed = concerned.filter(({ userId, wereFriends }) => !audiences.has(userId) && (wereFriends || following.userIds.has(userId)));
    const anew = new Set(seen.map(({ userId }) => userId));
    return {
      kind: 'Changed',
      moment: changes.moment,
      // Read later than the rest, and told as newer changes would be: the moment of the rest stands.
      states: [...changes.states.filter(({ userId }) => !anew.has(userId)), ...(await readRenewed([...anew], audiences))],
      removed: removed.map(({ userId }) => userId),
    };
  }

  /** With versions above whatever the client was told with the eyes of before, which may have been later than the change of relation. */
  async function readRenewed(userIds: readonly string[], audiences: Sight['audiences']): Promise<readonly PresenceState[]> {
    if (userIds.length === 0) return [];
    await store.renewVersions(userIds);
    return (await reader.read({ userIds, audiences: new Map([...audiences].filter(([userId]) => userIds.includes(userId))) })).states;
  }

  return { snapshot, first };
}
