import type { TokensFragment, TypedDocumentString } from '../__generated__/graphql.js';
import { login, logout, refreshSession, register, verifyMfa } from './operations.js';
import { request } from './request.js';

/** A signed-in user. Its access token is refreshed before it expires, whoever asks for it. */
export interface Session {
  readonly url: string;
  readonly user: { readonly id: string; readonly username: string };
  /** A token good for 30 seconds at least. Rejects with `SignedOut` when the session has ended. */
  readonly accessToken: () => Promise<string>;
  /** Refreshes now: for a token that the server has refused although it looked good. */
  readonly refresh: () => Promise<void>;
  /** Sends a query or mutation as this user. */
  readonly ask: <Result, Variables>(document: TypedDocumentString<Result, Variables>, variables: Variables) => Promise<Result>;
  /** Ends the session on the server too. */
  readonly signOut: () => Promise<void>;
}

/** The session has ended, here or elsewhere: sign in again. */
export class SignedOut extends Error {}

/** Name or password was not accepted; the message says why, for people. */
export class SignInRefused extends Error {}

/** What to keep to open the session again later. A refresh token is a secret: keep it where only this app can read it. */
export type KeptTokens = TokensFragment;

export interface SignInOptions {
  /** Origin of the server, for example `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Creates the account first. */
  readonly isNew?: boolean;
  /** Name of this device in the user's list of sessions. */
  readonly device?: string;
  /** Asks the person for a code of their authenticator app, or a recovery code, when the account wants one. */
  readonly askCode?: (() => Promise<string>) | undefined;
  /** Told of every new pair of tokens, and of null when the session has ended. */
  readonly onTokens?: (tokens: KeptTokens | null) => void;
  readonly now?: () => number;
}

export async function signIn({ url, username, password, isNew = false, device, askCode, ...options }: SignInOptions): Promise<Session> {
  const named = device === undefined ? {} : { device };
  const first = isNew
    ? (await request({ url, document: register, variables: { input: { username, password, ...named } } })).register
    : (await request({ url, document: login, variables: { input: { identifier: username, password, ...named } } })).login;
  const answer = first.__typename === 'MfaRequired' ? await prove(url, first.mfaToken, askCode) : first;
  if (answer.__typename !== 'AuthPayload') throw new SignInRefused(answer.message);
  options.onTokens?.(answer);
  return resume({ url, tokens: answer, ...options });
}

/** The second step of a sign-in. */
async function prove(url: string, mfaToken: string, askCode: SignInOptions['askCode']) {
  if (askCode === undefined) throw new SignInRefused('This account asks for a code of an authenticator app.');
  return (await request({ url, document: verifyMfa, variables: { input: { mfaToken, code: await askCode() } } })).verifyMfa;
}

/** The session of tokens that were kept. */
export function resume({
  url,
  tokens: kept,
  onTokens,
  now = Date.now,
}: Pick<SignInOptions, 'url' | 'onTokens' | 'now'> & { tokens: KeptTokens }): Session {
  let tokens: KeptTokens | null = kept;
  let refreshing: Promise<void> | null = null;

  async function exchange(): Promise<void> {
    if (tokens === null) throw new SignedOut('Signed out');
    const { refreshSession: answer } = await request({ url, document: refreshSession, variables: { refreshToken: tokens.refreshToken } });
    tokens = answer.__typename === 'AuthPayload' ? answer : null;
    onTokens?.(tokens);
    if (answer.__typename !== 'AuthPayload') throw new SignedOut(answer.message);
  }

  // One exchange at a time: a refresh token is good once, and a second use ends the session.
  const refresh = () => (refreshing ??= exchange().finally(() => (refreshing = null)));

  async function accessToken(): Promise<string> {
    if (tokens === null || Date.parse(tokens.expiresAt) - now() < 30_000) await refresh();
    if (tokens === null) throw new SignedOut('Signed out');
    return tokens.accessToken;
  }

  return {
    url,
    user: kept.user,
    accessToken,
    refresh,
    ask: async (document, variables) => request({ url, document, variables, accessToken: await accessToken() }),
    async signOut() {
      if (tokens === null) return;
      const { refreshToken } = tokens;
      tokens = null;
      onTokens?.(null);
      await request({ url, document: logout, variables: { refreshToken } });
    },
  };
}
