/** What game clients ask for; nothing of it is another subgraph's, so that what is measured is presence on its way. */
const query = `subscription Presence($input: PresenceInput!, $since: String) {
  presence(input: $input, since: $since) {
    __typename
    ... on PresenceSnapshot { cursor entries { ...Entry } }
    ... on PresenceChanged { cursor entries { ...Entry } }
    ... on PresenceResync { cursor entries { ...Entry } }
    ... on PresenceRemoved { cursor user { id } reason }
  }
}
fragment Entry on PresenceEntry {
  user { id } availability statusMessage lastSeenAt version activity { kind gameId text joinable since data { key value } }
}`;

export interface PresenceInput {
  readonly friends?: boolean;
  readonly userIds?: readonly string[];
}

export function subscribeMessage(id: string, input: PresenceInput, since?: string) {
  return { id, type: 'subscribe', payload: { query, variables: { input, ...(since === undefined ? {} : { since }) } } };
}

export interface PresenceEntry {
  readonly user: { readonly id: string };
  readonly availability: string;
  readonly version: number;
  readonly activity: { readonly text: string | null } | null;
}

interface NextMessage {
  readonly type: string;
  readonly id: string;
  readonly payload: {
    readonly data: {
      readonly presence: { readonly __typename: string; readonly cursor: string; readonly entries?: readonly PresenceEntry[] };
    };
  };
}

/** Throws for anything but a result without errors. */
export function readNext(text: string): NextMessage['payload']['data']['presence'] {
  const message = JSON.parse(text) as NextMessage;
  if (message.type !== 'next' || 'errors' in message.payload) throw new Error(text);
  return message.payload.data.presence;
}
