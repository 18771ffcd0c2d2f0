import { GraphQLDateTime } from 'graphql-scalars';
import type { MutationResolvers, QueryResolvers, Resolvers } from '../__generated__/resolvers.js';
import { changePassword } from './Mutation/changePassword.js';
import { login } from './Mutation/login.js';
import { logout } from './Mutation/logout.js';
import { refreshSession } from './Mutation/refreshSession.js';
import { register } from './Mutation/register.js';
import { me } from './Query/me.js';
import { user } from './Query/user.js';
import { userByUsername } from './Query/userByUsername.js';
import { User } from './User.js';

export const resolvers = {
  Query: { me, user, userByUsername } satisfies QueryResolvers,
  Mutation: { register, login, refreshSession, logout, changePassword } satisfies MutationResolvers,
  User,
  DateTime: GraphQLDateTime,
} satisfies Resolvers;
