import type { IncomingHttpHeaders } from 'node:http';
import type { AccessTokenVerifier } from '../../shared/auth/access-token.js';
import type { Viewer } from '../../shared/auth/viewer.js';
import type { SubgraphHeaders } from '../../shared/graphql/subgraph.js';

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
  /** Of the request, or of the one that opened the socket: those that are to be forwarded are taken out of them. */
  readonly headers: IncomingHttpHeaders;
}

/** Rejects with an `UNAUTHENTICATED` `AppError` for a bad token; no token is anonymous. */
export type Authenticate = (input: AuthenticateInput) => Promise<Identity>;

/**
 * Builds what subgraphs are told from nothing but the verified token and the connection, so that identity headers of a client never
 * get further; of a client's other headers, `forwardedHeaders` (names in lower case) are passed on. With `accessTokens` null (somebody
 * else's subgraphs, which know their own tokens) the token is passed on unverified.
 */
export function createAuthenticate(accessTokens: AccessTokenVerifier | null, forwardedHeaders: readonly string[] = []): Authenticate {
  return async ({ authorization, requestId, clientAddress, userAgent, headers }) => {
    const viewer = accessTokens === null ? null : await accessTokens.verify(authorization);
    return {
      viewer,
      subgraphHeaders: {
        ...(forwardedHeaders.length === 0 ? {} : pick(headers, forwardedHeaders)),
        ...(authorization === undefined ? {} : { authorization }),
        ...(viewer === null ? {} : { 'x-user-id': viewer.userId, 'x-user-name': viewer.username }),
        'x-request-id': requestId,
        'x-client-ip': clientAddress,
        ...(userAgent === undefined ? {} : { 'user-agent': userAgent }),
      },
    };
  };
}

function pick(headers: IncomingHttpHeaders, names: readonly string[]): Readonly<Record<string, string>> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined) picked[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return picked;
}
