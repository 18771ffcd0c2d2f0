import { useState } from 'react';
import { FindPeople } from './find-people.js';
import { PresenceList } from './presence-list.js';
import { Profile } from './profile.js';
import { SignIn } from './sign-in.js';
import { useSession } from './use-session.js';

export function App({ url }: { url: string }) {
  const { session, enter } = useSession(url);
  // Following oneself shows what others see, and is what makes this tab count as online.
  const [followed, setFollowed] = useState<readonly string[]>([]);
  if (session === null) return <SignIn onSignIn={enter} />;
  const me = session.user.id;
  return (
    <main>
      <header>
        <h1>Galaxia</h1>
        <button type="button" className="quiet" onClick={() => void session.signOut()}>
          Sign out
        </button>
      </header>
      <Profile session={session} />
      <PresenceList session={session} userIds={[me, ...followed]} />
      <FindPeople
        session={session}
        followed={followed}
        onFollow={(id) => setFollowed((ids) => (ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id]))}
      />
    </main>
  );
}
