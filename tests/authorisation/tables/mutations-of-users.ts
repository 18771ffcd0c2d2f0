import { signedIn } from '../actors.js';
import { succeed } from '../stage.js';
import type { RootEntry, RootTable } from '../table.js';

/** Names the owner, as the two stand already. */
const namesOwner = (gets: RootEntry['gets']): RootEntry => ({
  owner: 'new',
  given: ({ owner }) => ({ input: { userId: owner.id } }),
  gets,
});

/** The owner has asked the caller; to who blocks or is blocked no request can come. */
const ownerAsked = (gets: RootEntry['gets']): RootEntry => ({
  owner: 'new',
  async given({ owner, caller, actor }) {
    if (caller !== null && ['stranger', 'guest', 'moderator', 'admin'].includes(actor)) {
      await succeed(owner, 'requestFriend', 'FriendInput', { userId: caller.id });
    }
    return { input: { userId: owner.id } };
  },
  gets,
});

/** The caller has asked the owner. */
const callerAsked = (gets: RootEntry['gets']): RootEntry => ({
  owner: 'new',
  async given({ owner, caller, actor }) {
    if (caller !== null && ['stranger', 'guest', 'moderator', 'admin'].includes(actor)) {
      await succeed(caller, 'requestFriend', 'FriendInput', { userId: owner.id });
    }
    return { input: { userId: owner.id } };
  },
  gets,
});

const noRequest = 'FriendRequestNotFoundError';

export const mutationsOfUsers: RootTable = {
  'Mutation.updateProfile': {
    owner: 'the caller',
    given: () => ({ input: { bio: 'Mine' } }),
    gets: signedIn('UpdateProfilePayload'),
  },
  'Mutation.requestFriend': namesOwner(
    signedIn('RequestFriendshipPayload', {
      owner: 'FriendshipConflictError',
      friend: 'FriendshipConflictError',
      blocker: 'FriendshipConflictError',
      // Does not learn of the block: there is no such user.
      blocked: 'UserNotFoundError',
    }),
  ),
  'Mutation.acceptFriend': ownerAsked(
    signedIn('AcceptFriendshipPayload', { owner: noRequest, friend: noRequest, blocked: noRequest, blocker: noRequest }),
  ),
  'Mutation.declineFriend': ownerAsked(
    signedIn('DeclineFriendshipPayload', { owner: noRequest, friend: noRequest, blocked: noRequest, blocker: noRequest }),
  ),
  'Mutation.cancelFriendRequest': callerAsked(
    signedIn('CancelFriendshipPayload', { owner: noRequest, friend: noRequest, blocked: noRequest, blocker: noRequest }),
  ),
  'Mutation.removeFriend': namesOwner(signedIn('NotFriendsError', { friend: 'RemoveFriendshipPayload' })),
  'Mutation.blockUser': namesOwner(signedIn('BlockFriendshipPayload', { owner: 'UserNotFoundError', blocked: 'UserNotFoundError' })),
  'Mutation.unblockUser': namesOwner(signedIn('UnblockFriendshipPayload', { owner: 'UserNotFoundError', blocked: 'UserNotFoundError' })),
};
