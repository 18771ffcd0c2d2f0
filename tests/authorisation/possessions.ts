import type { Person } from '../testkit/product/person.js';

const query = `{
  me {
    id username email emailVerified roles mfaEnabled guest disabledAt deletesAt
    displayName bio locale timeZone profileVisibility avatar { id } presence { statusMessage activity { text } visibility }
  }
  mySessions { id device data version }
  myImages { nodes { id } }
  passkeys { id name }
  friends { nodes { id } }
  blockedUsers { nodes { id } }
  friendRequests { nodes { from { id } } }
}`;

/** Everything of a person's that somebody else could change, were they let. */
export async function possessionsOf(person: Person): Promise<unknown> {
  const { data, errors } = await person.ask(query);
  if (errors.length > 0) throw new Error(`${person.username} was refused their own: ${JSON.stringify(errors)}`);
  return data;
}
