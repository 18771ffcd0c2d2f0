/** `SessionNotFoundError` of the schema. */
export const sessionNotFound = {
  __typename: 'SessionNotFoundError' as const,
  code: 'SESSION_NOT_FOUND',
  message: 'You have no live session with this id: mySessions lists those that there are.',
};
