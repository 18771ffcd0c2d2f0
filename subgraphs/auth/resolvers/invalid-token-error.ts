/** `InvalidTokenError` of the schema; the same for every reason. */
export const invalidTokenError = {
  __typename: 'InvalidTokenError',
  code: 'INVALID_TOKEN',
  message: 'This link or code is not valid: it was used before, has expired, or was replaced by a newer one. Ask for another.',
} as const;
