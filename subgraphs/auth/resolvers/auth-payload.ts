import type { SignedIn } from '../services/sessions/signed-in.js';

/** `AuthPayload` of the schema. */
export function toAuthPayload({ user, session: { userId, ...session }, accessToken, refreshToken, expiresAt }: SignedIn) {
  return {
    __typename: 'AuthPayload' as const,
    accessToken,
    refreshToken,
    expiresAt,
    user,
    // The caller has just become this session, though the request itself carried no token of it.
    session: { ...session, user: { ...user, id: userId }, current: true },
  };
}
