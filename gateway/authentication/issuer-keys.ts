import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import type { DependencyStatus } from '../../shared/graphql/subgraph.js';
import { checkDependency } from '../../shared/http/health.js';
import type { Logger } from '../../shared/logging/logger.js';

/** An issuer that is down fails every request: the first is logged at once, then one line in this time, in ms. */
const logEveryMs = 60_000;
/** Readiness may be asked for every second; an issuer that is down is asked no more often than this, in ms. */
const retryEveryMs = 5_000;

export interface IssuerKeys {
  /** For `createIssuerTokenVerifier`. */
  readonly keys: JWTVerifyGetKey;
  /** Whether tokens can be checked: the keys are there, or can be had now. Never rejects. */
  ready(): Promise<DependencyStatus>;
}

export interface IssuerKeysOptions {
  readonly jwksUrl: string;
  readonly logger: Logger;
  readonly now?: () => number;
}

/** The keys that an issuer publishes: asked for when first needed, and when a token names an unknown one, every half minute at most. */
export function createIssuerKeys({ jwksUrl, logger, now = Date.now }: IssuerKeysOptions): IssuerKeys {
  const remote = createRemoteJWKSet(new URL(jwksUrl));
  const { host } = new URL(jwksUrl);
  let [failures, loggedAt, isDown] = [0, -Infinity, false];
  let checked: { readonly status: Promise<DependencyStatus>; readonly at: number } | undefined;

  function failed(error: unknown): void {
    isDown = true;
    failures += 1;
    if (now() - loggedAt < logEveryMs) return;
    logger.error(
      { host, cause: causeOf(error), count: failures },
      'the keys of the issuer (JWT_JWKS_URL) cannot be read: no token can be checked',
    );
    [failures, loggedAt] = [0, now()];
  }

  function succeeded(): void {
    if (isDown) logger.info({ host }, 'the keys of the issuer are known again');
    [failures, loggedAt, isDown] = [0, -Infinity, false];
  }

  async function reload(): Promise<void> {
    try {
      await remote.reload();
      succeeded();
    } catch (error) {
      failed(error);
      throw error;
    }
  }

  return {
    async keys(header, token) {
      try {
        const key = await remote(header, token);
        succeeded();
        return key;
      } catch (error) {
        if (!isAboutToken(error)) failed(error);
        throw error;
      }
    },
    ready() {
      if (checked === undefined || now() - checked.at >= retryEveryMs) {
        checked = { status: checkDependency('jwks', () => (remote.fresh ? Promise.resolve() : reload())), at: now() };
      }
      return checked.status;
    },
  };
}

/** Whether jose refused the token itself. Keys that do not come, or are none, are not the caller's fault. */
export function isAboutToken(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return false;
  return !(error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || error.code === errors.JOSEError.code);
}

/** All that fetch says itself is "fetch failed". */
function causeOf(error: unknown): string {
  const { message, cause, code } = error as { readonly message?: unknown; readonly cause?: unknown; readonly code?: unknown };
  if (error instanceof errors.JOSEError) return error.message;
  if (typeof cause === 'object' && cause !== null) return causeOf(cause);
  return typeof code === 'string' ? code : String(message);
}
