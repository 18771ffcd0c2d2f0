import { AppError } from '../../../shared/errors/app-error.js';

/** Lets one guess through: an operation with a hundred aliased logins is one try, not a hundred (OWASP GraphQL, batching attacks). */
export interface OneCredentialCheck {
  /** Throws a `BAD_USER_INPUT` `AppError` from the second call on. */
  claim(): void;
}

export function createOneCredentialCheck(): OneCredentialCheck {
  let isClaimed = false;
  return {
    claim() {
      if (isClaimed)
        throw new AppError('BAD_USER_INPUT', 'An operation may register, sign in or refresh only once: send one operation each.');
      isClaimed = true;
    },
  };
}
