import { GraphQLDateTime } from 'graphql-scalars';
import type { Resolvers } from '../__generated__/resolvers.js';
import { AccountExport } from './AccountExport.js';
import { createSession } from './Mutation/createSession.js';
import { endOtherSessions } from './Mutation/endOtherSessions.js';
import { endSession } from './Mutation/endSession.js';
import { goOffline } from './Mutation/goOffline.js';
import { presenceHeartbeat } from './Mutation/presenceHeartbeat.js';
import { updatePresence } from './Mutation/updatePresence.js';
import { updateSession } from './Mutation/updateSession.js';
import { mySessions } from './Query/mySessions.js';
import { onlineFriends } from './Query/onlineFriends.js';
import { session } from './Query/session.js';
import { verifySession } from './Query/verifySession.js';
import { Session } from './Session.js';
import { presence } from './Subscription/presence.js';
import { sessionEvents } from './Subscription/sessionEvents.js';
import { User } from './User.js';

export const resolvers = {
  DateTime: GraphQLDateTime,
  Query: { mySessions, session, verifySession, onlineFriends },
  Mutation: { createSession, updateSession, endSession, endOtherSessions, updatePresence, presenceHeartbeat, goOffline },
  Subscription: { presence, sessionEvents },
  AccountExport,
  Session,
  User,
} satisfies Resolvers;
