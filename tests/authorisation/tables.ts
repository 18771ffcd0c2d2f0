import type { ObjectTable, RootTable } from './table.js';
import { auditEvent } from './tables/audit.js';
import { image } from './tables/images.js';
import { mutationsOfAccounts } from './tables/mutations-of-accounts.js';
import { mutationsOfImages } from './tables/mutations-of-images.js';
import { mutationsOfModerators } from './tables/mutations-of-moderators.js';
import { mutationsOfSecondFactors } from './tables/mutations-of-second-factors.js';
import { mutationsOfSessions } from './tables/mutations-of-sessions.js';
import { mutationsOfSignIn } from './tables/mutations-of-sign-in.js';
import { mutationsOfUsers } from './tables/mutations-of-users.js';
import { presence, presenceEntry } from './tables/presence.js';
import { queries, subscriptions } from './tables/queries.js';
import { friendRequest, friendship } from './tables/relations.js';
import { passkey, session } from './tables/sessions.js';
import { user } from './tables/user.js';

/** What each object type shows, by its name. */
export const objectTables: Readonly<Record<string, ObjectTable>> = {
  User: user,
  Friendship: friendship,
  FriendRequest: friendRequest,
  Presence: presence,
  PresenceEntry: presenceEntry,
  Session: session,
  Passkey: passkey,
  Image: image,
  AuditEvent: auditEvent,
};

/** What each root field gives, by its coordinate. */
export const rootTable: RootTable = {
  ...queries,
  ...subscriptions,
  ...mutationsOfAccounts,
  ...mutationsOfImages,
  ...mutationsOfModerators,
  ...mutationsOfSecondFactors,
  ...mutationsOfSessions,
  ...mutationsOfSignIn,
  ...mutationsOfUsers,
};
