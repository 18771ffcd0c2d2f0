/** `UsernameTakenError` of the schema; the same for a name in use and for one that is on hold. */
export function toUsernameTakenError({ username }: { readonly username: string }) {
  return {
    __typename: 'UsernameTakenError' as const,
    code: 'USERNAME_TAKEN',
    message: `The username "${username}" is taken; choose another.`,
  };
}
