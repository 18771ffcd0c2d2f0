import { useEffect, useState } from 'react';
import { graphql } from '../../__generated__/gql.js';
import type { SearchUsersQuery } from '../../__generated__/graphql.js';
import type { Session } from '../../galaxia/session.js';
import { Avatar } from './avatar.js';

const searchUsers = graphql(`
  query SearchUsers($query: String!) {
    searchUsers(query: $query, first: 10) {
      nodes {
        id
        username
        displayName
        avatar {
          url
        }
      }
    }
  }
`);

export interface FindPeopleProps {
  session: Session;
  followed: readonly string[];
  /** Follows a user, or no longer. */
  onFollow: (id: string) => void;
}

export function FindPeople({ session, followed, onFollow }: FindPeopleProps) {
  const [query, setQuery] = useState('');
  const [found, setFound] = useState<SearchUsersQuery['searchUsers']['nodes']>([]);
  const wanted = query.trim();

  useEffect(() => {
    if (wanted === '') {
      setFound([]);
      return;
    }
    let isLate = false;
    const timer = setTimeout(() => {
      session.ask(searchUsers, { query: wanted }).then(
        // An answer that comes after the next letter was typed is of no interest.
        (answer) => isLate || setFound(answer.searchUsers.nodes),
        () => isLate || setFound([]),
      );
    }, 200);
    return () => {
      isLate = true;
      clearTimeout(timer);
    };
  }, [session, wanted]);

  const others = found.filter(({ id }) => id !== session.user.id);
  return (
    <section className="card" aria-label="Find people">
      <h2>Find people</h2>
      <input
        type="search"
        aria-label="Beginning of a name"
        placeholder="Beginning of a name"
        value={query}
        onChange={({ target }) => setQuery(target.value)}
      />
      <ul>
        {others.map(({ id, username, displayName, avatar }) => (
          <li key={id} className="row">
            <Avatar name={displayName ?? username} image={avatar} />
            <div className="grow">
              <b>{displayName ?? username}</b>
              <p className="faint">@{username}</p>
            </div>
            <button type="button" className="quiet" onClick={() => onFollow(id)}>
              {followed.includes(id) ? 'Unfollow' : 'Follow'}
            </button>
          </li>
        ))}
      </ul>
      {wanted !== '' && others.length === 0 && <p className="faint">Nobody else by that name.</p>}
    </section>
  );
}
