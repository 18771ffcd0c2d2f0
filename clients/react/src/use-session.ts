import { useCallback, useState } from 'react';
import { type KeptTokens, resume, type Session, signIn, type SignInOptions } from '../../galaxia/session.js';

const storageKey = 'galaxia-example:tokens';

/**
 * The session of this browser tab, kept over a reload. An app with more to lose keeps the refresh token out of reach of scripts: in an
 * HttpOnly cookie of a small server of its own.
 */
export function useSession(url: string) {
  const [session, setSession] = useState<Session | null>(() => {
    const kept = sessionStorage.getItem(storageKey);
    return kept === null ? null : resume({ url, tokens: JSON.parse(kept) as KeptTokens, onTokens: keep });
  });

  function keep(tokens: KeptTokens | null): void {
    if (tokens === null) {
      sessionStorage.removeItem(storageKey);
      setSession(null);
    } else {
      sessionStorage.setItem(storageKey, JSON.stringify(tokens));
    }
  }

  const enter = useCallback(
    async (who: Pick<SignInOptions, 'username' | 'password' | 'isNew' | 'askCode'>) =>
      setSession(await signIn({ url, ...who, onTokens: keep })),
    [url],
  );
  return { session, enter };
}
