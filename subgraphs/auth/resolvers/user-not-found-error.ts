/** `UserNotFoundError` of the schema. */
export function toUserNotFoundError({ userId }: { readonly userId: string }) {
  return { __typename: 'UserNotFoundError' as const, code: 'USER_NOT_FOUND', message: `There is no user with the id "${userId}".` };
}
