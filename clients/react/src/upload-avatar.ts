import { graphql } from '../../__generated__/gql.js';
import type { Session } from '../../galaxia/session.js';

const createImageUpload = graphql(`
  mutation CreateImageUpload($input: CreateImageUploadInput!) {
    createImageUpload(input: $input) {
      __typename
      ... on ImageUpload {
        id
        url
        method
        headers {
          name
          value
        }
      }
      ... on UserError {
        message
      }
    }
  }
`);

const completeImageUpload = graphql(`
  mutation CompleteImageUpload($id: ID!) {
    completeImageUpload(input: { id: $id }) {
      __typename
      ... on ImagePayload {
        image {
          id
        }
      }
      ... on UserError {
        message
      }
    }
  }
`);

const setAvatar = graphql(`
  mutation SetAvatar($imageId: ID!) {
    setAvatar(input: { imageId: $imageId }) {
      __typename
      ... on UserError {
        message
      }
    }
  }
`);

/** Uploads `file`, has it checked and published, and wears it. Rejects with a sentence to show when the server does not want it. */
export async function uploadAvatar(session: Session, file: File): Promise<void> {
  const input = { contentType: file.type, size: file.size, purpose: 'AVATAR' } as const;
  const { createImageUpload: upload } = await session.ask(createImageUpload, { input });
  if (upload.__typename !== 'ImageUpload') throw new Error(upload.message);

  // The bytes go straight to where they are stored, which may be another host: no token goes with them.
  const headers = upload.headers.map(({ name, value }): [string, string] => [name, value]);
  const sent = await fetch(new URL(upload.url, session.url), { method: upload.method, headers, body: file });
  if (!sent.ok) throw new Error(`The picture could not be sent (${sent.status})`);

  const { completeImageUpload: published } = await session.ask(completeImageUpload, { id: upload.id });
  if (published.__typename !== 'ImagePayload') throw new Error(published.message);

  const { setAvatar: worn } = await session.ask(setAvatar, { imageId: published.image.id });
  if (worn.__typename === 'ImageNotFoundError') throw new Error(worn.message);
}
