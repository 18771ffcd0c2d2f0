import type { IncomingHttpHeaders } from 'node:http';
import type { AccessTokenVerifier } from '../../shared/auth/access-token.js';
import type { Viewer } from '../../shared/auth/viewer.js';
import { unauthenticated } from '../../shared/errors/app-error.js';
import type { SubgraphHeaders } from '../../shared/graphql/subgraph.js';
import { fitsHeader, headerText } from './header-text.js';

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

/** Of a name, in characters; what is longer is cut. Headers have 16 KB in all. */
const longestName = 256;

/** Rejects with an `UNAUTHENTICATED` `AppError` for a bad token; no token is anonymous, and so is a blank header. */
export type Authenticate = (input: AuthenticateInput) => Promise<Identity>;

/**
 * Builds what subgraphs are told from nothing but the verified token and the connection, so that identity headers of a client never
 * get further; of a client's other headers, `forwardedHeaders` (names in lower case) are passed on. With `accessTokens` null (somebody
 * else's subgraphs, which know their own tokens) the token is passed on unverified.
 */
export function createAuthenticate(accessTokens: AccessTokenVerifier | null, forwardedHeaders: readonly string[] = []): Authenticate {
  return async ({ authorization: given, requestId, clientAddress, userAgent, headers }) => {
    // Many clients send a blank one when nobody is signed in.
    const authorization = given === undefined || given.trim() === '' ? undefined : given;
    // It may come in a message of a socket, where it can be any text.
    if (authorization !== undefined && !fitsHeader(authorization)) throw unauthenticated('The access token is not valid: get a new one.');
    const viewer = accessTokens === null ? null : await accessTokens.verify(authorization);
    return {
      viewer,
      subgraphHeaders: {
        ...(forwardedHeaders.length === 0 ? {} : pick(headers, forwardedHeaders)),
        ...(authorization === undefined ? {} : { authorization }),
        ...(viewer === null ? {} : toUserHeaders(viewer)),
        'x-request-id': requestId,
        'x-client-ip': clientAddress,
        ...(userAgent === undefined ? {} : { 'user-agent': userAgent }),
      },
    };
  };
}

function toUserHeaders({ userId, username }: Viewer): SubgraphHeaders {
  return { 'x-user-id': headerText(userId), 'x-user-name': headerText(username.slice(0, longestName)) };
}

function pick(headers: IncomingHttpHeaders, names: readonly string[]): Readonly<Record<string, string>> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined) picked[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return picked;
}
