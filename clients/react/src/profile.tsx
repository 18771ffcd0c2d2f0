import { type SubmitEvent, useEffect, useState } from 'react';
import { graphql } from '../../__generated__/gql.js';
import type { MyProfileQuery } from '../../__generated__/graphql.js';
import type { Session } from '../../galaxia/session.js';
import { Avatar } from './avatar.js';
import { formText } from './form-text.js';
import { uploadAvatar } from './upload-avatar.js';

const myProfile = graphql(`
  query MyProfile {
    me {
      username
      displayName
      bio
      avatar {
        url
      }
    }
  }
`);

const updateProfile = graphql(`
  mutation UpdateProfile($input: UpdateProfileInput!) {
    updateProfile(input: $input) {
      __typename
      ... on InvalidInputError {
        message
      }
    }
  }
`);

export function Profile({ session }: { session: Session }) {
  const [me, setMe] = useState<MyProfileQuery['me']>(null);
  const [note, setNote] = useState<string | null>(null);

  const load = async () => setMe((await session.ask(myProfile, {})).me);
  useEffect(() => void attempt(load), [session]);

  /** Does `step`, and says under the form how it went. */
  async function attempt(step: () => Promise<void>, done: string | null = null): Promise<void> {
    try {
      await step();
      setNote(done);
    } catch (error) {
      setNote(error instanceof Error ? error.message : String(error));
    }
  }

  async function save(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget;
    // Nothing typed clears the field, which is null for the server.
    const text = (name: string) => formText(form, name).trim() || null;
    const { updateProfile: answer } = await session.ask(updateProfile, { input: { displayName: text('displayName'), bio: text('bio') } });
    if (answer.__typename === 'InvalidInputError') throw new Error(answer.message);
    await load();
  }

  if (me === null) return <section className="card">{note ?? 'Loading your profile …'}</section>;
  const name = me.displayName ?? me.username;
  return (
    <section className="card" aria-label="My profile">
      <div className="row">
        <label className="picture" title="Choose a picture">
          <Avatar name={name} image={me.avatar} />
          <input
            type="file"
            accept="image/png,image/jpeg,image/webp,image/gif,image/avif"
            aria-label="Choose a picture"
            onChange={({ target }) => {
              const file = target.files?.[0];
              if (file) void attempt(() => uploadAvatar(session, file).then(load), 'New picture, nice.');
            }}
          />
        </label>
        <div>
          <h2>{name}</h2>
          <p className="faint">@{me.username}</p>
        </div>
      </div>
      <form key={`${name} ${me.bio ?? ''}`} onSubmit={(event) => void attempt(() => save(event), 'Saved.')}>
        <label>
          Name to show
          <input name="displayName" defaultValue={me.displayName ?? ''} maxLength={64} placeholder={me.username} />
        </label>
        <label>
          About me
          <textarea name="bio" defaultValue={me.bio ?? ''} maxLength={500} rows={3} />
        </label>
        <div className="row">
          <button type="submit">Save</button>
          {note !== null && <span role="status">{note}</span>}
        </div>
      </form>
    </section>
  );
}
