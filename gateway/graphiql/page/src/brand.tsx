import { useEffect, useState, useSyncExternalStore } from 'react';
import { claimsOf, type Notebook } from './notes.js';

/** The name of the product, and who is signed in. */
export function Brand({ notebook }: { notebook: Notebook }) {
  const { accessToken } = useSyncExternalStore(notebook.subscribe, notebook.get);
  return (
    <div className="brand">
      {accessToken !== null && <SignedIn key={accessToken} token={accessToken} onForget={notebook.forgetToken} />}
      <img src="./favicon.svg" alt="" width="22" height="22" />
      <span className="brand-name">Galaxia</span>
    </div>
  );
}

function SignedIn({ token, onForget }: { token: string; onForget: () => void }) {
  const claims = claimsOf(token);
  const [isExpired, setIsExpired] = useState(claims !== null && claims.expiresAt <= Date.now());
  useEffect(() => {
    if (claims === null || isExpired) return;
    const timer = setTimeout(() => setIsExpired(true), claims.expiresAt - Date.now());
    return () => clearTimeout(timer);
  }, [claims?.expiresAt, isExpired]);
  if (claims === null) return null;
  const until = new Date(claims.expiresAt).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return (
    <span
      className={isExpired ? 'signed-in expired' : 'signed-in'}
      role="status"
      title="The access token of the last sign-in; it is in the Headers tab."
    >
      <b>{claims.username}</b>
      <span>{isExpired ? 'token expired: run Login' : `until ${until}`}</span>
      <button type="button" aria-label="Forget the access token" title="Forget the access token" onClick={onForget}>
        ×
      </button>
    </span>
  );
}
