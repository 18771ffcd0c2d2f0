import { GraphQLDateTime } from 'graphql-scalars';
import type { Resolvers } from '../__generated__/resolvers.js';
import { AccountExport } from './AccountExport.js';
import { endSession } from './Mutation/endSession.js';
import { goOffline } from './Mutation/goOffline.js';
import { presenceHeartbeat } from './Mutation/presenceHeartbeat.js';
import { updatePresence } from './Mutation/updatePresence.js';
import { mySessions } from './Query/mySessions.js';
import { session } from './Query/session.js';
import { Session } from './Session.js';
import { presence } from './Subscription/presence.js';
import { User } from './User.js';

export const resolvers = {
  DateTime: GraphQLDateTime,
  Query: { mySessions, session },
  Mutation: { endSession, updatePresence, presenceHeartbeat, goOffline },
  Subscription: { presence },
  AccountExport,
  Session,
  User,
} satisfies Resolvers;
