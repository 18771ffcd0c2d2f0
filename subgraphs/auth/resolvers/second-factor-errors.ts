/** Answers of the schema that are the same for every reason. */
export const invalidCodeError = {
  __typename: 'InvalidCodeError',
  code: 'INVALID_CODE',
  message: 'The code is wrong, was used already, or is too old. Wait for the next one and try again.',
} as const;

export const invalidMfaTokenError = {
  __typename: 'InvalidMfaTokenError',
  code: 'INVALID_MFA_TOKEN',
  message: 'The second step took too long or too many tries: begin the sign-in again.',
} as const;

export const invalidPasswordError = {
  __typename: 'InvalidCredentialsError',
  code: 'INVALID_CREDENTIALS',
  message: 'The password is wrong, or, for an account without one, the sign-in was too long ago.',
} as const;

export const invalidPasskeyError = {
  __typename: 'InvalidPasskeyError',
  code: 'INVALID_PASSKEY',
  message: 'The passkey could not be used here, or it took too long: begin again.',
} as const;
