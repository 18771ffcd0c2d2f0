import { graphql } from '../__generated__/gql.js';
import type { Session } from '../galaxia/session.js';

const userByUsername = graphql(`
  query UserByUsername($username: String!) {
    userByUsername(username: $username) {
      id
      username
    }
  }
`);

/** Ids of the users with these names, without regard to case; names that nobody has are left out. */
export async function findUserIds(session: Session, usernames: readonly string[]): Promise<readonly string[]> {
  const answers = await Promise.all(usernames.map((username) => session.ask(userByUsername, { username })));
  return answers.flatMap((answer) => (answer.userByUsername ? [answer.userByUsername.id] : []));
}
