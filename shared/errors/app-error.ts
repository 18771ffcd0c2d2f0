import { GraphQLError } from 'graphql';

/** Every code that a refusal can carry in `extensions.code`; CONTRACT of the public API, so a change here is a breaking change. */
export type RefusalCode =
  'UNAUTHENTICATED' | 'FORBIDDEN' | 'NOT_FOUND' | 'BAD_USER_INPUT' | 'RATE_LIMITED' | 'UNAVAILABLE' | 'OPERATION_TOO_COMPLEX';

export interface AppErrorOptions {
  /** Seconds after which trying again makes sense; shown as `extensions.retryAfter`. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

/**
 * A refusal that is safe to show: its message says what to do and holds nothing internal. Everything else that is thrown is a fault,
 * logged at the boundary and masked as `INTERNAL_SERVER_ERROR` (see error-masking.ts).
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: RefusalCode;
  readonly retryAfter: number | undefined;

  constructor(code: RefusalCode, message: string, options: AppErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryAfter = options.retryAfter;
  }
}

/** The refusal as it stands in a GraphQL response. */
export function toGraphQLError(error: AppError): GraphQLError {
  return new GraphQLError(error.message, {
    extensions: { code: error.code, ...(error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter }) },
  });
}

export function unauthenticated(message = 'Sign in first: send a valid access token as "Authorization: Bearer …".'): AppError {
  return new AppError('UNAUTHENTICATED', message);
}
