import type { PayloadTable } from '../table.js';

/**
 * What mutations answer when they succeed: always about whoever calls, or about the other whom the caller named. A type belongs here when
 * only a mutation answers it. `value` shows nobody.
 */
export const payloads: PayloadTable = {
  // Whoever held the owner's credential is the owner from here on.
  AuthPayload: { accessToken: 'value', expiresAt: 'value', refreshToken: 'value', session: 'the owner', user: 'the owner' },
  MfaRequired: { mfaToken: 'value', expiresAt: 'value', methods: 'value' },
  LogoutPayload: { sessionId: 'value' },
  RequestPasswordResetPayload: { message: 'value' },
  ResetPasswordPayload: { endedSessions: 'value' },
  VerifyEmailPayload: { userId: 'the owner' },

  LinkCredentialsPayload: { user: 'the caller' },
  ChangePasswordPayload: { endedSessions: 'value' },
  ChangeEmailPayload: { user: 'the caller' },
  RequestEmailVerificationPayload: { message: 'value' },
  ChangeUsernamePayload: { user: 'the caller' },
  AccountDeletion: { deletesAt: 'value' },
  CancelAccountDeletionPayload: { user: 'the caller' },
  AccountExport: { userId: 'the caller', createdAt: 'value', account: 'the caller', profile: 'value', sessions: 'value', images: 'value' },

  TotpEnrollment: { secret: 'value', uri: 'value' },
  TotpEnabled: { recoveryCodes: 'value' },
  DisableTotpPayload: { user: 'the caller' },
  RecoveryCodes: { recoveryCodes: 'value' },
  PasskeyCeremony: { id: 'value', options: 'value' },
  FinishPasskeyRegistrationPayload: { passkey: 'value', recoveryCodes: 'value' },
  RemovePasskeyPayload: { id: 'value' },

  UserStatePayload: { user: 'the owner' },
  EndUserSessionsPayload: { endedSessions: 'value' },

  RequestFriendshipPayload: { friendship: 'the owner' },
  AcceptFriendshipPayload: { friendship: 'the owner' },
  DeclineFriendshipPayload: { friendship: 'the owner' },
  CancelFriendshipPayload: { friendship: 'the owner' },
  RemoveFriendshipPayload: { friendship: 'the owner' },
  BlockFriendshipPayload: { friendship: 'the owner' },
  UnblockFriendshipPayload: { friendship: 'the owner' },
  UpdateProfilePayload: { user: 'the caller' },

  CreateSessionPayload: { session: 'the caller', created: 'value' },
  SessionPayload: { session: 'the owner' },
  EndSessionPayload: { sessionId: 'value' },
  EndOtherSessionsPayload: { sessionIds: 'value' },
  PresencePayload: { presence: 'value' },
  ImageUpload: { id: 'value', url: 'value', method: 'value', headers: 'value', expiresAt: 'value' },
  ImagePayload: { image: 'the caller' },
  DeleteImagePayload: { imageId: 'value' },
  RemoveAvatarPayload: { user: 'the caller' },
  SetAvatarPayload: { image: 'the caller', user: 'the caller' },
};
