import { randomBytes } from 'node:crypto';
import type { Galaxia } from './galaxia.js';
import { post, text, type GraphQLAnswer, type Json } from './graphql-client.js';
import { openInitialisedSocket, type Socket } from '../gateway/socket.js';

/** Somebody with an account, signed in on one device. */
export interface Person {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly sessionId: string;
  /** Sends an operation as this person, on this device. */
  ask(query: string, variables?: object): Promise<GraphQLAnswer>;
  /** The same person on one more device. */
  signInAgain(device: string): Promise<Person>;
  /** Opens a socket and follows these people; the caller takes the frames. */
  watch(people: readonly { id: string }[], since?: string): Promise<Socket>;
}

const payload = `accessToken refreshToken user { id username } session { id }`;
const presenceSubscription = `subscription Watch($userIds: [ID!], $since: String) {
  presence(input: { userIds: $userIds }, since: $since) {
    __typename
    ... on PresenceSnapshot { cursor entries { ...Entry } }
    ... on PresenceChanged { cursor entries { ...Entry } }
    ... on PresenceResync { cursor entries { ...Entry } }
    ... on PresenceRemoved { cursor user { id } reason }
  }
}
fragment Entry on PresenceEntry { availability statusMessage lastSeenAt version user { id username displayName avatar { url } } }`;

/** A name that nobody has, within the rules for usernames. */
export function freshUsername(prefix = 'user'): string {
  return `${prefix}_${randomBytes(6).toString('hex')}`;
}

/** Registers somebody new; everything that is not given is made up. */
export async function registerPerson(
  galaxia: Pick<Galaxia, 'url'>,
  { username = freshUsername(), password = `pass ${randomBytes(9).toString('hex')}`, device = 'Test device' } = {},
): Promise<Person> {
  const answer = await post(galaxia.url, {
    query: `mutation ($input: RegisterInput!) { register(input: $input) { __typename ... on AuthPayload { ${payload} } ... on UserError { code message } } }`,
    variables: { input: { username, password, device } },
  });
  return toPerson(galaxia, answer.data.register, answer, password);
}

/** A guest on a device of their own; they have no password. */
export async function playAsGuest(galaxia: Pick<Galaxia, 'url'>, device = 'Test device'): Promise<Person> {
  const answer = await post(galaxia.url, {
    query: `mutation ($input: LoginWithDeviceInput!) { loginWithDevice(input: $input) { __typename ... on AuthPayload { ${payload} } ... on UserError { code message } } }`,
    variables: { input: { deviceId: randomBytes(12).toString('hex'), deviceSecret: randomBytes(32).toString('hex'), device } },
  });
  return toPerson(galaxia, answer.data.loginWithDevice, answer, '');
}

function toPerson(galaxia: Pick<Galaxia, 'url'>, auth: Json | undefined, answer: GraphQLAnswer, password: string): Person {
  if (auth === undefined || text(auth.__typename) !== 'AuthPayload') {
    throw new Error(`No session was opened: ${JSON.stringify({ data: answer.data, errors: answer.errors })}`);
  }
  const accessToken = text(auth.accessToken);
  const username = text(auth.user?.username);
  return {
    id: text(auth.user?.id),
    username,
    password,
    accessToken,
    refreshToken: text(auth.refreshToken),
    sessionId: text(auth.session?.id),
    ask: (query, variables) => post(galaxia.url, { query, token: accessToken, ...(variables === undefined ? {} : { variables }) }),
    async signInAgain(device) {
      const again = await post(galaxia.url, {
        query: `mutation ($input: LoginInput!) { login(input: $input) { __typename ... on AuthPayload { ${payload} } ... on UserError { code message } } }`,
        variables: { input: { identifier: username, password, device } },
      });
      return toPerson(galaxia, again.data.login, again, password);
    },
    async watch(people, since) {
      const socket = await openInitialisedSocket(galaxia.url, accessToken);
      socket.send({
        type: 'subscribe',
        id: 'presence',
        payload: {
          query: presenceSubscription,
          variables: { userIds: people.map(({ id }) => id), ...(since === undefined ? {} : { since }) },
        },
      });
      return socket;
    },
  };
}
