import type { Resolvers } from '../__generated__/resolvers.js';
import { updateProfile } from './Mutation/updateProfile.js';
import { searchUsers } from './Query/searchUsers.js';
import { User } from './User.js';

export const resolvers = {
  Query: { searchUsers },
  Mutation: { updateProfile },
  User,
} satisfies Resolvers;
