import type { Session } from '../../galaxia/session.js';
import { Avatar } from './avatar.js';
import { usePresence } from './use-presence.js';

const words = { ONLINE: 'Online', AWAY: 'Away', BUSY: 'Busy', OFFLINE: 'Offline' } as const;

export function PresenceList({ session, userIds }: { session: Session; userIds: readonly string[] }) {
  const { people, connection } = usePresence(session, userIds);
  const lines = [...people.values()].sort(
    (a, b) => Number(a.availability === 'OFFLINE') - Number(b.availability === 'OFFLINE') || a.user.username.localeCompare(b.user.username),
  );
  return (
    <section className="card" aria-label="Who is online">
      <div className="row">
        <h2 className="grow">Who is online</h2>
        <span className="faint" role="status">
          {connection === null ? 'connecting …' : connection.kind === 'connected' ? 'live' : connection.reason}
        </span>
      </div>
      <ul>
        {lines.map(({ user, availability, activity, statusMessage }) => (
          <li key={user.id} className="row">
            <Avatar name={user.displayName ?? user.username} image={user.avatar} availability={availability} />
            <div className="grow">
              <b>{user.displayName ?? user.username}</b>
              <p className="faint">{statusMessage ?? activity?.text ?? `@${user.username}`}</p>
            </div>
            <span>{words[availability]}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
