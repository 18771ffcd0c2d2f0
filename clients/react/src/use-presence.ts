import { useEffect, useState } from 'react';
import { type ConnectionState, followPresence, type PresenceLine } from '../../galaxia/follow-presence.js';
import { type Session, SignedOut } from '../../galaxia/session.js';

/** Presence of the users with these ids, kept current for as long as the component is on the screen. */
export function usePresence(session: Session, userIds: readonly string[]) {
  const [people, setPeople] = useState<ReadonlyMap<string, PresenceLine>>(new Map());
  const [connection, setConnection] = useState<ConnectionState | null>(null);
  const key = userIds.join();
  useEffect(() => {
    const stop = new AbortController();
    followPresence({
      session,
      userIds: key.split(','),
      signal: stop.signal,
      onChange: (current) => setPeople(new Map(current)),
      onConnection: setConnection,
    }).catch((error: unknown) => {
      // A session that ended takes the whole screen away; anything else is said here.
      if (!(error instanceof SignedOut)) setConnection({ kind: 'waiting', milliseconds: 0, reason: String(error) });
    });
    return () => stop.abort();
  }, [session, key]);
  return { people, connection };
}
