import type { AccessTokenVerifier } from '../shared/auth/access-token.js';
import type { Viewer } from '../shared/auth/viewer.js';
import type { SubgraphHeaders } from '../shared/graphql/subgraph.js';

/** Who asks: found once for a request, or for a socket at `connection_init`. */
export interface Identity {
  /** Null for an anonymous caller, and for everyone when the gateway verifies no tokens. */
  readonly viewer: Viewer | null;
  /** All that subgraphs are told about the caller. */
  readonly subgraphHeaders: SubgraphHeaders;
}

export interface AuthenticateInput {
  readonly authorization: string | undefined;
  readonly requestId: string;
  readonly clientAddress: string;
  readonly userAgent: string | undefined;
}

/** Rejects with an `UNAUTHENTICATED` `AppError` for a bad token; no token is anonymous. */
export type Authenticate = (input: AuthenticateInput) => Promise<Identity>;

/**
 * Builds what subgraphs are told from nothing but the verified token and the connection, so that identity headers of a client never
 * get further. With `accessTokens` null (somebody else's subgraphs, which know their own tokens) the token is passed on unverified.
 */
export function createAuthenticate(accessTokens: AccessTokenVerifier | null): Authenticate {
  return async ({ authorization, requestId, clientAddress, userAgent }) => {
    const viewer = accessTokens === null ? null : await accessTokens.verify(authorization);
    return {
      viewer,
      subgraphHeaders: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(viewer === null ? {} : { 'x-user-id': viewer.userId, 'x-user-name': viewer.username }),
        'x-request-id': requestId,
        'x-client-ip': clientAddress,
        ...(userAgent === undefined ? {} : { 'user-agent': userAgent }),
      },
    };
  };
}
