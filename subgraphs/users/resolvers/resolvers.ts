import { GraphQLDateTime } from 'graphql-scalars';
import type { Resolvers } from '../__generated__/resolvers.js';
import { AccountExport } from './AccountExport.js';
import { acceptFriend } from './Mutation/acceptFriend.js';
import { blockUser } from './Mutation/blockUser.js';
import { cancelFriendRequest } from './Mutation/cancelFriendRequest.js';
import { declineFriend } from './Mutation/declineFriend.js';
import { removeFriend } from './Mutation/removeFriend.js';
import { requestFriend } from './Mutation/requestFriend.js';
import { unblockUser } from './Mutation/unblockUser.js';
import { updateProfile } from './Mutation/updateProfile.js';
import { blockedUsers } from './Query/blockedUsers.js';
import { friendRequests } from './Query/friendRequests.js';
import { friends } from './Query/friends.js';
import { searchUsers } from './Query/searchUsers.js';
import { User } from './User.js';

export const resolvers = {
  Query: { blockedUsers, friendRequests, friends, searchUsers },
  Mutation: { acceptFriend, blockUser, cancelFriendRequest, declineFriend, removeFriend, requestFriend, unblockUser, updateProfile },
  AccountExport,
  User,
  DateTime: GraphQLDateTime,
} satisfies Resolvers;
