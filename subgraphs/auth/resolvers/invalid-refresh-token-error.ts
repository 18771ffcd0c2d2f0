/** `InvalidRefreshTokenError` of the schema; the same for every reason. */
export const invalidRefreshTokenError = {
  __typename: 'InvalidRefreshTokenError',
  code: 'INVALID_REFRESH_TOKEN',
  message: 'The refresh token is not valid any more: sign in again.',
} as const;
